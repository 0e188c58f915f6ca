"""The explorer's page in a tab of a real browser, cut off from everything else."""


class Opened:
    """The page in a tab; `problems` are its errors and warnings, `requests` whatever it asked for."""

    def __init__(self, browser, path, **context):
        self.address = path.as_uri()
        self.problems, self.requests = [], []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context)
        self.context.set_default_timeout(120_000)
        self.tab = self.context.new_page()
        self.tab.on("console", lambda told: self.problems.append(f"{told.type}: {told.text}"))
        self.tab.on("pageerror", lambda error: self.problems.append(str(error)))
        self.tab.route("**/*", self._refuse)

    def _refuse(self, route):
        if route.request.url.partition("#")[0] == self.address:
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def open(self, fragment=""):
        self.tab.goto("about:blank")
        self.tab.goto(self.address + fragment)
        self.idle()
        return self

    def go(self, fragment):
        """Follow a link to another state of the page."""
        self.tab.evaluate("fragment => { location.hash = fragment; }", fragment)
        self.idle()
        return self

    def idle(self):
        """Wait until every panel is drawn."""
        self.tab.wait_for_function("document.body.dataset.idle === 'true'")

    def text(self, panel, name):
        return self.tab.locator(f"#{panel} [data-name='{name}']").text_content()

    def value(self, panel, name):
        """The first number of what a panel shows under a name."""
        text = self.text(panel, name).replace("−", "-").replace("\u202f", "")
        return float(text.split()[0])
