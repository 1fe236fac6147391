"""Pitfalls of views: other ones than CC and MLO, parts, and no views at all."""

from tools.cohort import dicom_files
from tools.cohort.variation import File, Image

Files = tuple[File, ...]
_NO_VIEW = {"ViewPosition": None, "ViewCodeSequence": None,
            "PatientOrientation": None}


def _view(image: Image) -> str:
    return image.fields.get("ViewPosition") or "CC"


def _other_view(image: Image, view: str) -> Files:
    return image.file(
        **_NO_VIEW | {"ViewPosition": view,
                      "ViewCodeSequence": dicom_files.view_sequence(view)})


def view_ml(image: Image) -> Files:
    """A medio-lateral view."""
    return _other_view(image, "ML")


def view_xccl(image: Image) -> Files:
    """A laterally exaggerated cranio-caudal view."""
    return _other_view(image, "XCCL")


def _modified(image: Image, code: str, meaning: str, **fields) -> Files:
    return image.file(ViewCodeSequence=dicom_files.view_sequence(
        _view(image), ((code, meaning),)), **fields)


def implant_displaced(image: Image) -> Files:
    """A view with the implant pushed back (a view modifier)."""
    return _modified(image, "399209000", "Implant Displaced",
                     BreastImplantPresent="YES")


def spot_compression(image: Image) -> Files:
    """Spot compression (a view modifier), and a paddle that says so."""
    return _modified(image, "399055006", "Spot Compression",
                     PaddleDescription="SPOT")


def magnification(image: Image) -> Files:
    """A magnified view (a view modifier), with its factor."""
    return _modified(image, "399163009", "Magnification",
                     EstimatedRadiographicMagnificationFactor="1.8",
                     PaddleDescription="MAG")


def implant(image: Image) -> Files:
    """BreastImplantPresent YES."""
    return image.file(BreastImplantPresent="YES")


def derived_cview(image: Image) -> Files:
    """A synthetic 2-D view made from tomosynthesis."""
    return image.file(ImageType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS",
                                 "GENERATED_2D"])


def cleavage(image: Image) -> Files:
    """A view of the cleavage (a view modifier)."""
    return _modified(image, "399161006", "Cleavage")


def rolled(image: Image) -> Files:
    """A breast rolled to its lateral side (a view modifier)."""
    return _modified(image, "399197002", "Rolled Lateral")


def spot_paddle(image: Image) -> Files:
    """Spot compression that only the paddle's description tells."""
    return image.file(PaddleDescription="10CM SPOT")


def view_suffix(image: Image) -> Files:
    """ViewPosition with ACR's suffix for displaced implants, as in CCID."""
    return image.file(ViewPosition=f"{_view(image)}ID", ViewCodeSequence=None)


def cview_named(image: Image) -> Files:
    """A synthetic 2-D view that only the series' description tells."""
    return image.file(ImageType=["DERIVED", "PRIMARY"],
                      SeriesDescription="Intelligent 2D")


def tomosynthesis_slice(image: Image) -> Files:
    """One slice of a tomosynthesis in a file of its own."""
    return image.file(ImageType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS",
                                 "NONE"])


def specimen(image: Image) -> Files:
    """A radiograph of tissue that was taken out."""
    return image.file(SpecimenIdentifier="1",
                      SeriesDescription="Specimen")


def quality_control(image: Image) -> Files:
    """A phantom for quality control."""
    return image.file(QualityControlImage="YES")


def stereotactic(image: Image) -> Files:
    """A stereotactic image for a biopsy."""
    return image.file(ImageType=["ORIGINAL", "PRIMARY", "STEREO_PLUS"])


def screen_save(image: Image) -> Files:
    """A grey copy of a screen, with the reader's marks on it."""
    return image.file(SOPClassUID=dicom_files.SECONDARY_CAPTURE,
                      ConversionType="WSD",
                      ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])


VIEWS = {function.__name__: function for function in (
    view_ml, view_xccl, view_suffix, implant_displaced, spot_compression,
    spot_paddle, magnification, cleavage, rolled, implant, derived_cview,
    cview_named, tomosynthesis_slice, specimen, quality_control, stereotactic,
    screen_save)}
