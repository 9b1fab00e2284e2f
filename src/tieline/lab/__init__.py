"""The lab: a simulated world that meets the utility's platform and the operators' gateways on the wire only.

``world`` says who hangs where and writes the files that a utility and its operators would hand over; nothing here is
needed in production.
"""
