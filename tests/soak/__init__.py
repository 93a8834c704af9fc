"""`make soak`: gates under real servers, a mixed load of all kinds, and faults one after another and together.

- `served`: the apps, in the servers' processes, behind gates whose clock can be set
- `fleet`: the servers, their provider and their Redis; what each process takes
- `judge`: which answers are right just now; everything that is not is kept
- `people`: who signs in, asks, signs out and comes back
- `others`: strangers, programs, the provider's server, and connections that stay open
- `faults`: what goes wrong
- `picture`: an SVG of the run

`python -m tests.soak --minutes 60 --out soak-report`
"""
