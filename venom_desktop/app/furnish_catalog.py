"""What the tabs that show models to install get of the services."""

from venom_desktop.core.services import Services
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.catalog.parts import CatalogParts


def catalog_parts(services: Services, ui_state: UiState) -> CatalogParts:
    return CatalogParts(
        search=services.search,
        catalogs=services.catalogs,
        registry=services.registry,
        runtimes=services.runtimes,
        active=services.active,
        host=services.host,
        settings=services.settings,
        model_settings=services.model_settings,
        vault=services.vault,
        ui_state=ui_state,
        load_settings=services.load_settings,
        settings_of_model=services.settings_of_model,
        learned=services.loads.changed,
    )
