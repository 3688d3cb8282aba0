"""The chapters of the audit: one module and one template each."""
