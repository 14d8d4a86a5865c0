package imapd

// A limiter counts connections.
type limiter struct{ Limits }

func newLimiter(l Limits) limiter { return limiter{l} }
