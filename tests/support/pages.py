"""A page of HTML as a tree, read by rules that a browser forgives: every element is closed where it should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Elements that have no end tag.
VOID = {"meta", "br"}


@dataclass
class Node:
    """An element with its attributes, and what is in it: texts and elements."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    inside: list[Node | str] = field(default_factory=list)

    def all(self, name: str | None = None, class_: str | None = None) -> list[Node]:
        """Every element below, of a name and a class if these are given."""
        return [one for one in self._walk() if one._is(name, class_)]

    def text(self) -> str:
        """All texts below."""
        return "".join(part if isinstance(part, str) else part.text() for part in self.inside)

    def _is(self, name: str | None, class_: str | None) -> bool:
        right = name is None or self.name == name
        return right and (class_ is None or class_ in self.attributes.get("class", "").split())

    def _walk(self) -> Iterator[Node]:
        for part in self.inside:
            if isinstance(part, Node):
                yield part
                yield from part._walk()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, names)
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert any(node.name == "svg" for node in self.open), f"<{tag}/> outside of a picture"
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, (tag, [node.name for node in self.open], self.getpos())
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def read_page(html: str) -> Node:
    """The page, which must be whole, safe and self-contained: nothing runs, nothing is fetched, ids are unique."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root]
    assert html.startswith("<!DOCTYPE html>\n")
    root = reader.root
    assert [one.name for one in root.inside if isinstance(one, Node)] == ["html"]
    names = {one.name for one in root.all()}
    assert names.isdisjoint(
        {"script", "link", "iframe", "object", "embed", "img", "image", "foreignobject", "base", "form"}
    )
    for one in root.all():
        assert not [name for name in one.attributes if name.startswith("on")]
        for name in ("href", "src", "xlink:href", "action", "data"):
            assert one.attributes.get(name, "#").startswith("#")
        if one.name == "svg":
            assert one.attributes["role"] == "img"
            assert [part.name for part in one.inside if isinstance(part, Node)][:2] == ["title", "desc"]
        if one.name == "table":
            assert [part.name for part in one.inside if isinstance(part, Node)] == ["caption", "thead", "tbody"]
            assert all(head.attributes.get("scope") in ("col", "row") for head in one.all("th"))
            widths = {sum(cell.name in ("td", "th") for cell in row.all()) for row in one.all("tr")}
            assert len(widths) == 1
    style = "".join(one.text() for one in root.all("style"))
    assert "url(" not in style
    assert "@import" not in style
    assert style.count("{") == style.count("}")
    ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    told = [ref for one in root.all() for ref in one.attributes.get("aria-labelledby", "").split()]
    links = [one.attributes["href"].removeprefix("#") for one in root.all("a")]
    assert set(told + links) <= set(ids)
    return root
