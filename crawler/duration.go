package crawler

import (
	"fmt"
	"time"
)

// Duration is a time.Duration that configuration files write as "15m" or
// "1h30m".
type Duration time.Duration

// D gives the plain duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a number with a unit; negative spans are refused.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%.40q is not a span of time, want a number with a unit such as 30s, 15m or 6h", b)
	}
	if v < 0 {
		return fmt.Errorf("%s is negative, want a span of time such as 15m", v)
	}
	*d = Duration(v)
	return nil
}
