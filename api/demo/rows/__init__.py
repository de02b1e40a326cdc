"""The sample application's rows, one file per part of the product: the same on every server and every day."""
