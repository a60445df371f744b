package index

// LimitPhraseReads lets tests reach the limit with few posts.
func (x *Index) LimitPhraseReads(n int64) { x.phraseReads = n }
