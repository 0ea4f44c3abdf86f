"""The explorer's pages: each module has `title`, `shows`, `layout` and `register`."""
