"""Talk to a view as the browser does."""


def talk(panel):
    """The view of a panel, what it is told, and what asks it."""
    [view] = panel.children
    told = []
    view.send = told.append
    return view, told, lambda **said: view._msg_callbacks(view, said, [])
