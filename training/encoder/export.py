"""A fitted network becomes files that serving loads without torch: the body in 8-bit ONNX, heads as plain arrays."""

import logging
import warnings
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tokenizers import Tokenizer
from torch import Tensor, nn

from classifier.encoder import HEADS, NETWORK, TOKENIZER
from classifier.errors import ArtifactError
from training.encoder.network import Network, head_arrays

LARGEST_NETWORK = 30 * 1000 * 1000
_OPSET = 18
_LONGEST = 512
# The wide activations of the first layers have outliers that one scale for all serves badly: on a held-out fold, two
# products left as they are took back nearly all of the average precision that 8 bits cost, for 3.5 MB.
_EXACT = 2


class _Body(nn.Module):
    """The body as serving calls it: two inputs, one output."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden: Tensor = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return hidden


def export_encoder(network: Network, tokenizer: Tokenizer, folder: Path) -> dict[str, str]:
    """Write network, heads and tokenizer into a folder.

    Returns:
        File name to SHA-256.

    Raises:
        ArtifactError: the network is larger than what the package may carry.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as work:
        exact = Path(work) / "exact.onnx"
        export_body(network.body, exact)
        quantise(exact, folder / NETWORK)
    if (size := (folder / NETWORK).stat().st_size) > LARGEST_NETWORK:
        raise ArtifactError(f"{NETWORK} has {size} bytes; allowed: {LARGEST_NETWORK}")
    np.savez(folder / HEADS, **head_arrays(network))  # type: ignore[arg-type]  # its stubs mix arrays with options
    (folder / TOKENIZER).write_text(tokenizer.to_str(), encoding="utf-8")
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in (NETWORK, HEADS, TOKENIZER)}


def export_body(body: nn.Module, path: Path) -> None:
    """Write a body as float ONNX.

    Inputs are `input_ids` and `attention_mask`, (n_windows, length) int64; the output is `last_hidden_state`,
    (n_windows, length, width). Both sizes are free, the length up to 512.
    """
    ids = torch.randint(1000, 2000, (2, 9), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    axes = {0: torch.export.Dim("windows", min=1, max=4096), 1: torch.export.Dim("length", min=2, max=_LONGEST)}
    # The exporter tells of operators that are not in this network, once for each.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Body(body).eval(),
            (ids, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state"],
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    _strip(path)


def _strip(path: Path) -> None:
    """Take out what the exporter notes of this machine: source files and lines of every operator."""
    model = onnx.load(path)
    for item in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        item.doc_string = ""
        del item.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]
    onnx.save(model, path)


def quantise(exact: Path, path: Path) -> None:
    """Write a float network with 8-bit weights, the embedding included; activations are scaled as they come.

    Weights keep to 7 bits and are scaled by column: processors without VNNI add 8-bit products in 16 bits, where full
    range overflows, and every processor must give the same scores.
    """
    prepared = exact.with_suffix(".prepared.onnx")
    root = logging.getLogger()
    level = root.level
    # It advises on the root logger to prepare the network, which is what happens here.
    root.setLevel(logging.ERROR)
    try:
        quant_pre_process(str(exact), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            str(prepared),
            str(path),
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_exclude=_find_narrowing(prepared)[:_EXACT],
        )
    finally:
        root.setLevel(level)


def _find_narrowing(path: Path) -> list[str]:
    """Name the products that bring each layer's wide activations back to the width of the body, first layer first."""
    graph = onnx.load(path).graph
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    found = [(node.name, shapes.get(node.input[1], (0, 0))) for node in graph.node if node.op_type == "MatMul"]
    return [name for name, shape in found if len(shape) == 2 and shape[0] > shape[1]]
