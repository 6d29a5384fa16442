"""Where the time of a run goes: durations per stage and role, the loop, the collector, a timeline, a trace."""
