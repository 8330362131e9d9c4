"""What the operations panel says of a model that vLLM may not be able to run."""

from datetime import UTC, datetime
from typing import Any

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.ui.operations.words import outcome


def _installed(**payload: Any) -> ModelOperation:
    return ModelOperation(
        operation_id="one",
        model_name="org/new",
        operation_type=OperationType.INSTALL,
        status=OperationStatus.COMPLETED,
        runtime="vllm",
        started_at=datetime(2026, 11, 1, tzinfo=UTC),
        payload=payload,
    )


def test_a_finished_install_says_what_vllm_may_not_know() -> None:
    words = outcome(_installed(model_class="BrandNewForCausalLM", needs_own_code=True))
    assert words.startswith("Verified and ready")
    assert "vLLM may not know the architecture BrandNewForCausalLM." in words
    assert "code of its own" in words


def test_a_known_architecture_needs_no_words() -> None:
    assert outcome(_installed(model_class="LlamaForCausalLM", needs_own_code=False)) == "Verified and ready"
    assert outcome(_installed(model_class=None)) == "Verified and ready"
