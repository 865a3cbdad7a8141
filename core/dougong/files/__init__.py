"""Files as such: what they may be called, what their content really is, where the content lies.

Whose they are is told by `dougong.records.attachments`.
"""
