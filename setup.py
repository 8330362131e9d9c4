"""Puts resources/ into the wheel as venom_desktop/_resources; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithResources(build_py):
    """Copies resources/ beside the modules; an editable install reads them where they are."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "venom_desktop", "_resources")
            shutil.copytree("resources", target, dirs_exist_ok=True)
            shutil.copytree("packaging/systemd", target / "systemd", dirs_exist_ok=True)
            # Shown under Settings, About.
            for name in ("LICENSE", "THIRD_PARTY_NOTICES.md"):
                shutil.copy(name, target)


setup(cmdclass={"build_py": BuildWithResources})
