"""One image on its way to a file, where a pitfall can still change it."""

import dataclasses
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tools.cohort import dicom_files, encoders


@dataclasses.dataclass(frozen=True)
class File:
    """A file to be written.

    Attributes:
      suffix: What follows the image's name; may begin a second name.
      data: Its bytes.
      link: Where it points, for a symbolic link without bytes.
    """

    suffix: str
    data: bytes = b""
    link: str = ""


@dataclasses.dataclass(frozen=True)
class Image:
    """Pixels and header of one image.

    Attributes:
      pixels: As stored; see `dicom_files`.
      fields: Header values by DICOM keyword.
      syntax: Name of the transfer syntax.
    """

    pixels: np.ndarray
    fields: dict[str, Any]
    syntax: str = "explicit"

    @property
    def bits(self) -> int:
        """Bits stored."""
        return self.fields.get("BitsStored") or (
            8 if self.pixels.itemsize == 1 else 12)

    @property
    def top(self) -> int:
        """The largest value that the bits hold."""
        return (1 << self.bits) - 1

    def with_fields(self, **fields: Any) -> "Image":
        """With header fields replaced; None leaves one out."""
        return dataclasses.replace(self, fields=self.fields | fields)

    def with_pixels(self, pixels: np.ndarray, **fields: Any) -> "Image":
        """With other pixels, and fields that go with them."""
        return dataclasses.replace(self.with_fields(**fields), pixels=pixels)

    def monochrome2(self) -> "Image":
        """Bright where it is dense, whatever the machine stores."""
        if self.fields.get("PhotometricInterpretation") != "MONOCHROME1":
            return self
        return self.with_pixels(
            (self.top - self.pixels).astype(self.pixels.dtype),
            PhotometricInterpretation="MONOCHROME2",
            PresentationLUTShape="IDENTITY")

    def dataset(self) -> Dataset:
        """The data set with its encoded pixels."""
        dataset = dicom_files.mammogram_dataset(self.pixels, self.fields)
        dicom_files.set_pixels(
            dataset, self.pixels, encoders.transfer_syntax(self.syntax))
        return dataset

    def write(self, dataset: Dataset | None = None,
              body: bytes | None = None) -> bytes:
        """The file's bytes, of a data set that may have been changed."""
        return dicom_files.file_bytes(
            dataset or self.dataset(), encoders.transfer_syntax(self.syntax),
            body)

    def body(self, dataset: Dataset | None = None) -> bytes:
        """The data set's bytes alone."""
        return dicom_files.dataset_bytes(
            dataset or self.dataset(), encoders.transfer_syntax(self.syntax))

    def file(self, **fields: Any) -> tuple[File, ...]:
        """One plain file with some fields replaced."""
        return (File(".dcm", self.with_fields(**fields).write()),)
