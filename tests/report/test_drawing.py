from xml.etree import ElementTree

from steepest.report.drawing import Drawing


def test_words_are_escaped():
    drawing = Drawing(10, 10, 'a "b" <c>')
    drawing.text((1, 1), "<&>")
    root = ElementTree.fromstring(str(drawing))
    assert root.attrib["aria-label"] == 'a "b" <c>'
    assert root[0].text == "<&>"


def test_shapes_keep_their_order_and_places():
    drawing = Drawing(10, 10, "")
    drawing.path([(0, 0), (1.25, 2)], "a", closed=True)
    drawing.dots([(1, 1), (2, 2)], "b")
    drawing.paths([[(0, 0), (1, 1)], []], "c")
    drawing.box((0, 0), 3, 4, "d")
    drawing.dots([], "e")
    kinds = [node.attrib["class"] for node in ElementTree.fromstring(str(drawing))]
    assert kinds == ["a", "b", "c", "d"]
    assert 'd="M0 0L1.2 2Z"' in str(drawing)
    assert 'd="M1 1h0M2 2h0"' in str(drawing)


def test_a_window_keeps_the_coordinates_of_its_page():
    inner = Drawing(10, 10, "")
    inner.line((5, 5), (6, 6), "x")
    drawing = Drawing(10, 10, "")
    drawing.window((4, 4), 3, 3, inner)
    window = ElementTree.fromstring(str(drawing))[0]
    assert window.attrib["viewBox"] == "4 4 3 3"
    assert window[0].attrib["d"] == "M5 5L6 6"
