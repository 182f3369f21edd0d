"""The formats in which a network is exported, and the runtime that reads each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from mnist_keras.errors import UserError


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes:
        name: as the option has it.
        title: as people call it.
        file: what the network's file or folder is called.
        runtime: the package that reads it.
        converters: the packages that write it, beside Keras.
        use: lines of Python that give what the network makes of `images`; `OUTPUT` in them is what
            its output is called.
    """

    name: str
    title: str
    file: str
    runtime: str
    converters: tuple[str, ...]
    use: str

    def program(self, output: str) -> str:
        """The lines of Python, for a network whose output is called so."""
        return self.use.replace("OUTPUT", output)

    def versions(self) -> dict[str, str]:
        """The versions of what writes and reads it.

        Raises:
            UserError: one of these packages is not installed.
        """
        found = {}
        for package in (*self.converters, self.runtime):
            try:
                found[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                raise UserError(
                    f"--format {self.name} needs {package}, which is not installed; "
                    "install it with: pip install 'mnist-keras[export]'"
                ) from None
        return found


_TENSORFLOW = "tensorflow"
"""Named only: it is the reader of an exported network who imports it."""

_SAVED_MODEL = f"""\
import {_TENSORFLOW}

network = {_TENSORFLOW}.saved_model.load("saved_model")
OUTPUT = network.serve(images)["OUTPUT"].numpy()
"""

_ONNX = """\
import onnxruntime

network = onnxruntime.InferenceSession("model.onnx")
(OUTPUT,) = network.run(["OUTPUT"], {"images": images})
"""

_LITERT = """\
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("model.tflite")
network = interpreter.get_signature_runner()
OUTPUT = network(images=images)["OUTPUT"]
"""

FORMATS: Mapping[str, ExportFormat] = {
    one.name: one
    for one in (
        ExportFormat(
            "savedmodel", "TensorFlow SavedModel", "saved_model", _TENSORFLOW, (), _SAVED_MODEL
        ),
        ExportFormat("onnx", "ONNX", "model.onnx", "onnxruntime", ("tf2onnx", "onnx"), _ONNX),
        ExportFormat("litert", "LiteRT", "model.tflite", "ai-edge-litert", (), _LITERT),
    )
}
