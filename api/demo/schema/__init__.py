"""The sample application's tables, one file per part of the product, and the scars that its scripts left."""
