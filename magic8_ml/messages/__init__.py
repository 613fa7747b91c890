"""Parse Discord messages into typed predictions and orders: tolerant of layout, strict about content."""

from magic8_ml.messages.order_writer import order_line
from magic8_ml.messages.parser import EnhancedDiscordParser
from magic8_ml.messages.values import LineError, Message, Metadata, Order, Predictions, Refusal, Trade

__all__ = [
    "EnhancedDiscordParser",
    "LineError",
    "Message",
    "Metadata",
    "Order",
    "Predictions",
    "Refusal",
    "Trade",
    "order_line",
]
