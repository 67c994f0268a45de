"""One small adapter per recorder: how it records, reads and opens a cassette, by its own means.

Every adapter has the same three functions (see `benchmarks.contenders.Contender`): ``record``, ``read`` and
``open``. Modules of the recorders are imported where they are needed: no environment has all of them.
"""
