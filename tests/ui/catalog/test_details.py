"""The panel, its radio table and its chips, without a core behind them."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.ui.catalog.rows import GB, entry, host, quantization
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.errors import Cure, QuotaExceeded
from venom_desktop.ui.catalog.details import CatalogDetails
from venom_desktop.ui.catalog.offers import Offer
from venom_desktop.ui.catalog.presenter import NextStep, Step
from venom_desktop.ui.catalog.quantizations import Part, QuantizationModel
from venom_desktop.ui.catalog.selection import Chosen
from venom_desktop.ui.messages import message_of


def offer(label: str, size_bytes: int | None = GB) -> Offer:
    return Offer(quantization=quantization(label, size_bytes))


def chosen(**more: object) -> Chosen:
    row = entry()
    machine = host()
    verdicts = {
        one.label: estimated_fit(row, one, settings=LoadSettings(), host=machine) for one in row.quantizations or ()
    }
    known: dict[str, object] = {
        "entry": row,
        "reading": False,
        "quantization": (row.quantizations or ())[1],
        "verdicts": verdicts,
        "steps": (4096, 8192, 16384),
        "context": 8192,
        "host": machine,
    }
    return Chosen(**{**known, **more})  # type: ignore[arg-type]


@pytest.fixture
def panel(themed: QApplication, qtbot: QtBot) -> CatalogDetails:
    panel = CatalogDetails()
    qtbot.addWidget(panel)
    panel.resize(388, 676)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def test_the_radio_table_keeps_qts_rules(qtmodeltester: ModelTester, themed: QApplication) -> None:
    model = QuantizationModel()
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    model.show_offers([offer("Q4_K_M"), offer("Q8_0")])
    verdict = estimated_fit(entry(), settings=LoadSettings(), host=host())
    model.show_offers([Offer(quantization=quantization("Q4_K_M", GB), verdict=verdict), offer("Q8_0")])
    model.show_offers([])
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]


def test_a_choice_made_by_the_program_is_not_told_as_the_users(panel: CatalogDetails) -> None:
    told: list[str] = []
    panel.quantization_chosen.connect(told.append)

    panel.show_chosen(chosen())
    assert told == []

    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    assert told == ["Q8_0"]


def test_the_slider_tells_tokens(panel: CatalogDetails) -> None:
    told: list[int] = []
    panel.context_chosen.connect(told.append)
    panel.show_chosen(chosen())

    panel.context.slider.setValue(2)

    assert told == [16384]


def test_memory_gives_way_before_a_label_is_cut(panel: CatalogDetails) -> None:
    panel.table.show_offers([offer("UD-Q4_K_XL-imatrix-long", None), offer("Q8_0", 12 * GB)], "Q8_0")
    assert panel.table.isColumnHidden(Part.MEMORY)

    panel.table.show_offers([offer("Q4_K_M"), offer("Q8_0")], "Q8_0")
    assert not panel.table.isColumnHidden(Part.MEMORY)
    panel.set_narrow(True)
    assert panel.table.isColumnHidden(Part.MEMORY)


def test_a_failure_stays_until_the_next_press_or_another_model(panel: CatalogDetails) -> None:
    cures: list[object] = []
    panel.cure_wanted.connect(cures.append)
    panel.show_chosen(chosen())

    panel.show_failure(message_of(QuotaExceeded(needed="15.2 GB", left="11.8 GB")))
    panel.show_chosen(chosen(context=4096))
    assert panel.banner.isVisible()
    assert panel.banner.sentence.startswith("Not enough space.")
    panel.banner.button.click()
    assert cures == [Cure.FREE_SPACE]

    panel.show_chosen(chosen(entry=entry("org/Other-GGUF")))
    assert panel.banner.isHidden()


def test_the_primary_button_does_not_break_between_object_and_cost(panel: CatalogDetails) -> None:
    panel.show_chosen(chosen())
    panel.show_next(NextStep(step=Step.INSTALL, model_name="org/Tiny-4B-GGUF:Q4_K_M", size_bytes=3_300_000_000))

    assert panel.primary.label == "Install\u00a0Q4_K_M\u00a0·\u00a03.3\u00a0GB"


@pytest.mark.parametrize(
    ("known", "label"),
    [
        ({"rough_bytes": 2_680_000_000}, "Install Q4_K_M · ≈ 2.7 GB"),
        ({}, "Install Q4_K_M · size unknown"),
    ],
)
def test_the_primary_button_says_how_well_the_size_is_known(
    panel: CatalogDetails, known: dict[str, int], label: str
) -> None:
    panel.show_chosen(chosen())
    panel.show_next(NextStep(step=Step.INSTALL, model_name="org/Tiny-4B-GGUF:Q4_K_M", **known))  # type: ignore[arg-type]

    assert panel.primary.label.replace("\u00a0", " ") == label


def test_a_size_that_nobody_told_is_said_to_be_unknown(themed: QApplication) -> None:
    model = QuantizationModel()
    model.show_offers([offer("Q4_K_M", None)])

    told = model.data(model.index(0, Part.LABEL), Qt.ItemDataRole.AccessibleTextRole)
    assert "size unknown" in str(told)


def test_no_selection_leaves_no_panel(panel: CatalogDetails) -> None:
    panel.show_chosen(chosen())
    panel.show_chosen(None)

    assert not panel.primary.isVisible()
