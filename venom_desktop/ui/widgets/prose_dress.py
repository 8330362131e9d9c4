"""The dress of prose: leading, code, lists, quotations, tables and headings in the sizes and colours of the window."""

from PySide6.QtGui import (
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
    QTextTableCell,
)

from venom_desktop.ui import theme

INDENT = 18


def dress(document: QTextDocument, leading_percent: int, *, heads: bool) -> None:
    """Leading over all blocks (rich text's own reaches only the first), code in mono on sunken ground, no pictures.

    `heads`: the first row of a table is its head, as it is in Markdown.
    """
    leading = QTextBlockFormat()
    leading.setLineHeight(leading_percent, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    everything = QTextCursor(document)
    everything.select(QTextCursor.SelectionType.Document)
    # In one block of edits: else the text is laid out anew after each of them.
    everything.beginEditBlock()
    everything.mergeBlockFormat(leading)
    block = document.begin()
    while block.isValid():
        cursor = QTextCursor(block)
        is_code = _is_code(block)
        shape = _block_shape(block)
        if shape is not None:
            cursor.mergeBlockFormat(shape)
        _dress_fragments(cursor, is_code=is_code)
        if level := block.blockFormat().headingLevel():
            _dress_heading(QTextCursor(block), level)
        block = block.next()
    _dress_tables(document, heads=heads)
    everything.endEditBlock()


def _is_code(block: QTextBlock) -> bool:
    return block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence)


def _block_shape(block: QTextBlock) -> QTextBlockFormat | None:
    """What sets a line of code, a list or a quotation apart; None for other text."""
    before = block.blockFormat()
    shape = QTextBlockFormat()
    if _is_code(block):
        shape.setBackground(theme.color("sunken"))
        # Taller lines would leave stripes between their grounds.
        shape.setLineHeight(100, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if not _is_code(block.next()):
            shape.setBottomMargin(8)
        # A long line wraps: there is no bar to scroll it with.
        shape.setNonBreakableLines(False)
    elif block.textList() is not None:
        shape.setTopMargin(0)
        shape.setBottomMargin(0)
    elif level := before.intProperty(QTextFormat.Property.BlockQuoteLevel):
        shape.setLeftMargin(INDENT * level)
        shape.setRightMargin(0)
    else:
        return None
    return shape


def _dress_heading(cursor: QTextCursor, level: int) -> None:
    """Qt's own sizes are those of a page. Its steps from the text on are 1.2 and 1.5."""
    steps = 2 if level == 1 else 1 if level < 4 else 0
    size = QTextCharFormat()
    size.setProperty(QTextFormat.Property.FontSizeAdjustment, steps)
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    cursor.mergeCharFormat(size)


def _dress_tables(document: QTextDocument, *, heads: bool) -> None:
    for frame in document.rootFrame().childFrames():
        if not isinstance(frame, QTextTable):
            continue
        shape = frame.format()
        shape.setBorderCollapse(True)
        shape.setBorder(1)
        shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        shape.setBorderBrush(theme.color("field"))
        shape.setCellPadding(5)
        shape.setTopMargin(6)
        shape.setBottomMargin(6)
        frame.setFormat(shape)
        for place in range(frame.columns() if heads else 0):
            _dress_head(frame.cellAt(0, place))


def _dress_head(cell: QTextTableCell) -> None:
    """Qt puts an empty line over the first word of a table that follows a block of code, and dresses it otherwise."""
    cursor = cell.firstCursorPosition()
    if not cursor.block().text() and cell.lastCursorPosition().position() > cursor.position():
        cursor.deleteChar()
    cursor.setPosition(cell.lastCursorPosition().position(), QTextCursor.MoveMode.KeepAnchor)
    margins, weight = QTextBlockFormat(), QTextCharFormat()
    margins.setTopMargin(0)
    margins.setBottomMargin(0)
    weight.setFontWeight(QFont.Weight.DemiBold)
    cursor.mergeBlockFormat(margins)
    cursor.mergeCharFormat(weight)


def _dress_fragments(cursor: QTextCursor, *, is_code: bool) -> None:
    link = theme.color("accent_text")
    pieces = []
    iterator = cursor.block().begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        pieces.append((fragment.position(), fragment.length(), fragment.charFormat()))
        iterator += 1
    for position, length, shape in reversed(pieces):
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        if shape.isImageFormat():
            cursor.insertText(f"[{shape.property(QTextFormat.Property.ImageAltText) or 'image'}]", QTextCharFormat())
        elif shape.isAnchor():
            shape.setForeground(link)
            cursor.setCharFormat(shape)
        elif is_code or shape.fontFixedPitch():
            shape.setFont(theme.font("mono"), QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesAll)
            cursor.setCharFormat(shape)
