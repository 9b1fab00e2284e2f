"""The desk: what the operator announces to utilities, as change requests (TMF655 v4).

Staff write, publish, revise and withdraw notices at the back office; utilities read them, are told of each step through
the hub, and answer where they are asked to. Every revision is kept.
"""
