-- One line of figures, exact: what wrk prints for people is rounded, and it counts a redirect as a good answer.
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RACE %d %d %d %d %d %d\n", summary.requests, summary.bytes, summary.duration,
        latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.timeout))
end
