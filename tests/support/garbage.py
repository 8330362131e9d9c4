"""Sets aside what thousands of collected tests are made of: a window's collector looks at everything at its end."""

import gc


def pytest_collection_finish() -> None:
    """Half a second for each test of a window otherwise, and a quarter of the whole run."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logfinish() -> None:
    """A collector that had set something aside itself has brought everything back."""
    if gc.get_freeze_count() == 0:
        gc.freeze()
