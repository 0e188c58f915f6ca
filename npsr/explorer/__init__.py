"""The explorer: a network open on the table, as one HTML page that needs nothing but a browser.

Enters: networks. Leaves: the page, as text (`page.html`), as a file (`npsr explore`), or in a notebook
(`notebook.explore`, which is `npsr.explore`). Open first: `page.py`, which puts the page together; then
`page/main.js`, which runs in the browser, and one of `page/panels/`. The mathematics are in
`page/mathematics/`, what panels are built of in `page/parts/`, pictures, files and workers in `page/work/`.
"""
