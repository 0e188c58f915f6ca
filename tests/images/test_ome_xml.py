"""OME-XML of an enlarged TIFF, as tifffile reads it: more pixels, each as much smaller."""

from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.running import run

from npsr.images.metadata.ome import describes_one_picture, scaled

tifffile = pytest.importorskip("tifffile", reason="needs npsr[formats]")


@pytest.mark.parametrize(
    ("shape", "axes", "photometric"), [((30, 40), "YX", None), ((30, 40, 3), "YXS", "rgb")]
)
def test_sizes_follow(tmp_path, capsys, scene, shape, axes, photometric):
    image = (scene(*shape) * 255).astype(np.uint8)
    metadata = {"axes": axes, "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.25}
    tifffile.imwrite(tmp_path / "a.ome.tif", image, metadata=metadata, photometric=photometric)
    arguments = "upscale", tmp_path / "a.ome.tif", "-o", tmp_path / "b.ome.tif", "-s", 2, "-m", "bicubic"
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert "left out" not in out
    with tifffile.TiffFile(tmp_path / "b.ome.tif") as file:
        assert file.is_ome
        assert file.series[0].shape == (60, 80, *shape[2:])
        pixels = ElementTree.fromstring(file.ome_metadata).find(".//{*}Pixels").attrib
    found = [pixels[key] for key in ("SizeX", "SizeY", "PhysicalSizeX", "PhysicalSizeXUnit", "PhysicalSizeY")]
    assert found == ["80", "60", "0.25", "µm", "0.125"]


PIXELS = b'<Pixels SizeX="3" SizeY="4" SizeC="1" SizeZ="1" SizeT="1" PhysicalSizeX="none"/>'
ONE = b"<OME><Image>" + PIXELS + b"</Image></OME>"


def test_what_is_of_several_pictures_is_told_apart():
    assert describes_one_picture(ONE)
    assert not describes_one_picture(ONE.replace(b'SizeZ="1"', b'SizeZ="2"'))
    assert not describes_one_picture(ONE.replace(b'SizeC="1"', b'SizeC="3"'))
    assert not describes_one_picture(ONE + ONE)
    assert not describes_one_picture(ONE.replace(b"</OME>", b"<ROI/></OME>"))
    assert not describes_one_picture(b"a photograph of Pixels")
    assert b'SizeX="6" SizeY="12"' in (found := scaled(ONE, 2, 3))
    assert b'PhysicalSizeX="none"' in found
