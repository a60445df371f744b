package extract

// Selectors describe the pages of a forum or an ad board.
type Selectors struct {
	List string `json:"list,omitempty" yaml:"list,omitempty"`
}

// Validate reports selectors that cannot be used.
func (s *Selectors) Validate() error { return nil }
