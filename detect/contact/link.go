package contact

import (
	"bytes"
	"strings"
)

// The ends of host names. A strange one needs a scheme, www. or a path: it is
// also a word after a full stop without a blank, or the ending of a file.
var (
	commonTLD  = set("com net org info biz ro eu uk ru ua bg hu pl gr tr fr hr al ie cz sk dk fi online site shop store xyz club top app dev link live chat blog website space vip pro jobs work gg")
	strangeTLD = set("md rs de es it at ch nl pt be se no me io tv co cc to am fm la nu si in is us ca ai so ly gl tk ml cf ga gq my st ws im sh do")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// minName is the length of the shortest handle taken from a bare @name.
const minName = 4

// links looks at every dot and at-sign.
func (f *finder) links() {
	for i := 0; i < len(f.f) && len(f.taken) < maxContacts; i++ {
		n := bytes.IndexAny(f.f[i:], ".@")
		if n < 0 {
			return
		}
		i += n
		if f.f[i] == '@' {
			i = f.atSign(i) - 1
		} else {
			i = f.dot(i) - 1
		}
	}
}

func alnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

func hostByte(c byte) bool { return alnum(c) || c == '-' }

func localByte(c byte) bool { return hostByte(c) || c == '.' || c == '_' || c == '+' || c == '%' }

func pathByte(c byte) bool {
	return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '`' && c != '|' || c >= 0x80 && c < 0xe2
}

func handleByte(c byte) bool { return alnum(c) || c == '_' || c == '.' }

// host reads a host name that begins at i, and returns where it ends and its
// last label.
func (f *finder) host(i int) (end int, last string) {
	start := i
	for i < len(f.f) && (hostByte(f.f[i]) || f.f[i] == '.' && i > start && f.f[i-1] != '.' && i+1 < len(f.f) && hostByte(f.f[i+1])) {
		i++
	}
	for i > start && f.f[i-1] == '-' {
		i--
	}
	h := f.f[start:i]
	dot := bytes.LastIndexByte(h, '.')
	if dot < 0 {
		return i, ""
	}
	return i, string(h[dot+1:])
}

// atSign reads an e-mail address or an @name, and returns where to go on.
func (f *finder) atSign(i int) int {
	if i > 0 && localByte(f.f[i-1]) {
		from := i
		for from > 0 && localByte(f.f[from-1]) && f.free(span{from - 1, i}) {
			from--
		}
		for from < i && f.f[from] == '.' {
			from++
		}
		if end, last := f.host(i + 1); from < i && topLevel(last) {
			f.email(string(f.f[from:end]), span{from, end}, false)
			return end
		}
		return i + 1
	}
	end := i + 1
	letter := false
	for end < len(f.f) && handleByte(f.f[end]) && end-i <= 32 {
		letter = letter || f.f[end] >= 'a' && f.f[end] <= 'z'
		end++
	}
	for end > i+1 && f.f[end-1] == '.' {
		end--
	}
	if letter && end-i > minName {
		f.handleAt(span{i, end})
		return end
	}
	return i + 1
}

// topLevel reports whether a label may end the host of an address.
func topLevel(label string) bool {
	if len(label) < 2 || len(label) > 18 {
		return false
	}
	for _, c := range []byte(label) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func (f *finder) email(value string, s span, hidden bool) {
	f.add(Email, value, s, hidden)
	f.taken = append(f.taken, s)
}

// dot reads a link around a dot, and returns where to go on.
func (f *finder) dot(i int) int {
	if i == 0 || i+1 >= len(f.f) {
		return i + 1
	}
	if f.f[i-1] == '[' && f.f[i+1] == ']' || f.f[i-1] == '(' && f.f[i+1] == ')' {
		return f.brackets(i)
	}
	if !hostByte(f.f[i-1]) || !hostByte(f.f[i+1]) {
		return i + 1
	}
	from := i
	for from > 0 && hostByte(f.f[from-1]) {
		from--
	}
	end, last := f.host(from)
	scheme := f.scheme(from)
	switch {
	case end < len(f.f) && f.f[end] == '@':
		return end // the local part of an address
	case end <= i || !f.free(span{from, end}):
		return i + 1
	case !f.believed(from, end, last, scheme):
		return max(end, i+1)
	}
	to := f.path(end)
	f.link(span{from - len(scheme), to}, scheme, from, end, false)
	return to
}

// scheme returns "https://" or the like when it stands before from.
func (f *finder) scheme(from int) string {
	for _, s := range []string{"https://", "http://", "ftp://"} {
		if bytes.HasSuffix(f.f[:from], []byte(s)) {
			return s
		}
	}
	return ""
}

// believed reports whether what looks like a host is one.
func (f *finder) believed(from, end int, last, scheme string) bool {
	h := f.f[from:end]
	switch {
	case scheme != "":
		return topLevel(last) || f.ip(h)
	case from > 0 && (f.f[from-1] == '@' || f.f[from-1] == '_' || f.f[from-1] >= 0x80):
		return false
	case bytes.HasPrefix(h, []byte("www.")):
		return topLevel(last) && bytes.Count(h, []byte(".")) > 1
	case commonTLD[last]:
		return len(h)-len(last) > 2
	case strangeTLD[last]:
		if _, ok := networkHosts[string(h)]; ok {
			return end < len(f.f) && f.f[end] == '/'
		}
		return end+1 < len(f.f) && f.f[end] == '/' && alnum(f.f[end+1])
	}
	return false
}

func (f *finder) ip(h []byte) bool {
	for _, c := range h {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return bytes.Count(h, []byte(".")) == 3
}

// path reads a port, a path and a query.
func (f *finder) path(i int) int {
	end := i
	if i+1 < len(f.f) && f.f[i] == ':' && f.f[i+1] >= '0' && f.f[i+1] <= '9' {
		for i++; i < len(f.f) && f.f[i] >= '0' && f.f[i] <= '9'; i++ {
			end = i + 1
		}
	}
	if end >= len(f.f) || f.f[end] != '/' && f.f[end] != '?' && f.f[end] != '#' {
		return end
	}
	for i = end; i < len(f.f) && pathByte(f.f[i]); i++ {
	}
	for i > end && strings.IndexByte(".,;:!?)'*]#", f.f[i-1]) >= 0 {
		i--
	}
	return i
}

// link adds a link, or the handle that it leads to.
func (f *finder) link(s span, scheme string, host, hostEnd int, hidden bool) {
	f.taken = append(f.taken, s)
	name := strings.TrimPrefix(string(f.f[host:hostEnd]), "www.")
	if net, ok := networkHosts[name]; ok && f.profile(net, s, hostEnd, hidden) {
		return
	}
	start, _ := f.d.Span(hostEnd, s.to)
	_, end := f.d.Span(s.from, s.to)
	path := ""
	if s.to > hostEnd && start < end {
		path = f.d.Source()[start:end]
	}
	f.add(URL, scheme+string(f.f[host:hostEnd])+path, s, hidden)
}

// brackets reads name[.]example[.]com around the dot at i.
func (f *finder) brackets(i int) int {
	left := i - 1
	for left > 0 && (hostByte(f.f[left-1]) || f.f[left-1] == '.') {
		left--
	}
	k := f.tokenAt(left)
	if k < 0 || left == i-1 || f.scheme(left) != "" && k == 0 {
		return i + 1
	}
	if host, end, ok := f.spelledHost(k); ok && f.free(span{left, end}) {
		to := f.path(end)
		f.taken = append(f.taken, span{left, to})
		f.add(URL, host+f.original(end, to), span{left, to}, true)
		return to
	}
	return i + 1
}

func (f *finder) original(from, to int) string {
	if to <= from {
		return ""
	}
	start, end := f.d.Span(from, to)
	return f.d.Source()[start:end]
}

// tokenAt is the token that begins at a folded offset, or -1.
func (f *finder) tokenAt(at int) int {
	lo, hi := 0, len(f.toks)
	for lo < hi {
		if mid := (lo + hi) / 2; int(f.toks[mid].From) < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(f.toks) && int(f.toks[lo].From) == at {
		return lo
	}
	return -1
}

// spelledHost reads a host from token k on, in which a dot may be written
// [.], (dot) or "punct". ok says that it ends in a known top level and that
// at least one dot was hidden or none needed to be.
func (f *finder) spelledHost(k int) (host string, end int, ok bool) {
	var b strings.Builder
	for n := 0; n < 12 && k < len(f.toks); n++ {
		w := f.word(k)
		b.Write(w)
		end = int(f.toks[k].To)
		known := strings.IndexByte(b.String(), '.') > 0 && (commonTLD[string(w)] || strangeTLD[string(w)])
		next := f.separator(&k)
		if next == "" {
			return b.String(), end, known
		}
		if known && next == "-" {
			return b.String(), end, true
		}
		b.WriteString(next)
	}
	return "", 0, false
}

// separator reads what stands between two labels from token k on, moves k to
// the token after it, and returns "." or "-", or nothing at the end of the
// host.
func (f *finder) separator(k *int) string {
	gap := strings.TrimSpace(string(f.gap(*k)))
	blank := len(f.gap(*k)) > len(gap)
	switch {
	case *k+1 >= len(f.toks):
		return ""
	case gap == "-" && !blank:
		*k++
		return "-"
	case gap == "." && !blank, gap == "[.]", gap == "(.)", gap == "{.}":
		*k++
		return "."
	case f.meaning(*k+1).dot && (gap == "" || strings.Trim(gap, "[({<*-_") == ""):
		after := strings.TrimSpace(string(f.gap(*k + 1)))
		if strings.Trim(after, "])}>*-_") == "" && *k+2 < len(f.toks) {
			*k += 2
			return "."
		}
	}
	return ""
}

// spelledAt reads an address around a word that means @: ana (at) example
// (dot) org. A bare "at" needs a spelled dot after it.
func (f *finder) spelledAt(i int) {
	if i == 0 || i+1 >= len(f.toks) {
		return
	}
	before := strings.TrimSpace(string(f.gap(i - 1)))
	after := strings.TrimSpace(string(f.gap(i)))
	bracketed := before != "" && after != "" && strings.Trim(before, "[({<*_-") == "" && strings.Trim(after, "])}>*_-") == ""
	if !bracketed && (before != "" || after != "") {
		return
	}
	host, end, ok := f.spelledHost(i + 1)
	if !ok || !bracketed && (string(f.f[f.toks[i+1].From:end]) == host || !f.plainAt(i, host)) {
		return
	}
	from := int(f.toks[i-1].From)
	for from > 0 && localByte(f.f[from-1]) {
		from--
	}
	local := string(f.f[from:f.toks[i-1].To])
	f.email(local+"@"+host, span{from, end}, true)
}

// plainAt reports whether a bare "at" between two words may be an @: not "look
// at example dot com", nor "doing at some point in".
func (f *finder) plainAt(i int, host string) bool {
	return commonTLD[host[strings.LastIndexByte(host, '.')+1:]] && !beforeAt[string(f.word(i-1))]
}

// beforeAt are words that stand before the preposition at.
var beforeAt = set("look looking looked is are was were be me him her us them you it out up go available find check see meet work working arrive available good bad stay live there here only site page website")

// defanged reads a link made harmless: hxxps://example[.]org/a.
func (f *finder) defanged(m mark) {
	t := f.toks[m.tok]
	gap := string(f.gap(m.tok))
	if m.tok+1 >= len(f.toks) || gap != "://" && gap != "[:]//" && gap != "[://]" && gap != "(:)//" && gap != ": //" {
		return
	}
	host, end, ok := f.spelledHost(m.tok + 1)
	s := span{int(t.From), end}
	asItIs := m.w.text == m.w.scheme && gap == "://" && string(f.f[f.toks[m.tok+1].From:end]) == host
	if !ok || asItIs || !f.free(s) {
		return
	}
	to := f.path(end)
	s.to = to
	f.taken = append(f.taken, s)
	f.add(URL, m.w.scheme+"://"+host+f.original(end, to), s, true)
}
