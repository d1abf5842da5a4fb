"""How a probability is said in one word; apart from the pages, for what must not load them."""


def percent(probability: float, *, beside: float | None = None) -> str:
    """`93 %`; with one decimal where whole numbers would make it look equal to `beside`."""
    if beside is not None and probability != beside and round(100 * probability) == round(100 * beside):
        return f"{100 * probability:.1f} %"
    if 0 < probability < 0.005:
        return "<1 %"
    if 0.995 <= probability < 1:
        return ">99 %"
    return f"{100 * probability:.0f} %"
