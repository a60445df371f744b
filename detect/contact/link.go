package contact

import (
	"bytes"
	"strings"

	"golang.org/x/net/idna"
)

// minName is the length of the shortest handle taken from a bare @name.
const minName = 4

// links looks at every dot and at-sign.
func (f *finder) links() {
	dot, at := bytes.IndexByte(f.f, '.'), bytes.IndexByte(f.f, '@')
	for i := 0; dot >= 0 || at >= 0; {
		if len(f.taken) >= maxContacts {
			return
		}
		if at < 0 || dot >= 0 && dot < at {
			i = f.dot(dot)
		} else {
			i = f.atSign(at)
		}
		dot, at = next(f.f, '.', dot, i), next(f.f, '@', at, i)
	}
}

// next is where c stands at or after from; at is where it was last found.
func next(b []byte, c byte, at, from int) int {
	if at < 0 || at >= from {
		return at
	}
	if n := bytes.IndexByte(b[min(from, len(b)):], c); n >= 0 {
		return from + n
	}
	return -1
}

func alnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// hostByte is true of the bytes of a host name. Letters of two bytes (Greek,
// Cyrillic) are among them, punctuation and emoji have three or more.
func hostByte(c byte) bool { return alnum(c) || c == '-' || c >= 0x80 && c < 0xe0 }

func localByte(c byte) bool { return hostByte(c) || c == '.' || c == '_' || c == '+' || c == '%' }

func pathByte(c byte) bool {
	return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '`' && c != '|' || c >= 0x80 && c < 0xe2
}

func handleByte(c byte) bool { return alnum(c) || c == '_' || c == '.' }

// host reads a host name that begins at i, and returns where it ends and its
// last label.
func (f *finder) host(i int) (end int, last []byte) {
	start := i
	for i < len(f.f) && i-start < maxHost && (hostByte(f.f[i]) || f.f[i] == '.' && i > start && f.f[i-1] != '.' && i+1 < len(f.f) && hostByte(f.f[i+1])) {
		i++
	}
	for i > start && f.f[i-1] == '-' {
		i--
	}
	h := f.f[start:i]
	dot := bytes.LastIndexByte(h, '.')
	if dot < 0 {
		return i, nil
	}
	return i, h[dot+1:]
}

// The lengths of RFC 1035 and RFC 5321, in bytes.
const (
	maxHost  = 253
	maxLocal = 64
)

// back is where the bytes that ok allows begin, to the left of i, at least
// one character further than the last link or address.
func (f *finder) back(i, most int, ok func(byte) bool) int {
	least := max(0, i-most)
	if n := f.taken.from(i); n > 0 {
		least = max(least, min(i, f.taken[n-1].to))
	}
	for i > least && ok(f.f[i-1]) {
		i--
	}
	for i < len(f.f) && f.f[i]&0xc0 == 0x80 {
		i++ // the rest of a character that is no letter
	}
	return i
}

// atSign reads an e-mail address or an @name, and returns where to go on.
func (f *finder) atSign(i int) int {
	from := f.back(i, maxLocal, localByte)
	for from < i && (f.f[from] == '.' || f.f[from] == '-') {
		from++
	}
	if from < i {
		if end, last := f.host(i + 1); topLevel(last) && end > i+1 {
			f.email(string(f.f[from:end-len(last)])+string(last), span{from, end}, i+1, false)
			return end
		}
		if end, host := f.laterHost(i + 1); end > 0 { // ana@example punct ro
			f.take(span{from, end})
			f.add(Email, string(f.f[from:i])+"@"+host, span{from, end}, true)
			return end
		}
		return i + 1
	}
	if end := f.looseAt(i); end > 0 {
		return end
	}
	end := f.nameEnd(i + 1)
	if k := f.matrix(i, end); k > end {
		return k
	}
	if end-i > minName && hasLetter(f.f[i+1:end]) {
		f.handleAt(span{i, end})
		return end
	}
	return i + 1
}

// nameEnd is where the handle that begins at i ends.
func (f *finder) nameEnd(i int) int {
	end := i
	for end < len(f.f) && handleByte(f.f[end]) && end-i <= maxName {
		end++
	}
	for end > i && f.f[end-1] == '.' {
		end--
	}
	return end
}

func hasLetter(b []byte) bool {
	for _, c := range b {
		if c >= 'a' && c <= 'z' {
			return true
		}
	}
	return false
}

// topLevel reports whether a label may end the host of an address.
func topLevel(label []byte) bool {
	if bytes.HasPrefix(label, []byte("xn--")) {
		return true
	}
	if len(label) < 2 || len(label) > 18 {
		return false
	}
	for _, c := range label {
		if (c < 'a' || c > 'z') && c < 0x80 {
			return false
		}
	}
	return label[0] < 0x80 || localTLD[string(label)]
}

// email adds an address whose host begins at a folded offset.
func (f *finder) email(value string, s span, host int, hidden bool) {
	f.take(s)
	if !f.plainly(s) {
		name := f.ascii(host, s.to)
		if name == "" {
			return
		}
		value = string(f.f[s.from:host]) + name
	}
	f.add(Email, value, s, hidden)
}

// plainly reports whether a folded stretch is ASCII as written.
func (f *finder) plainly(s span) bool {
	start, end := f.d.Span(s.from, s.to)
	if end-start != s.to-s.from {
		return false
	}
	return asciiOnly(f.d.Source()[start:end])
}

// ascii is the host of a folded stretch as the name system has it: labels in
// other letters as punycode (RFC 3492), disguised ones as they were meant. It is
// empty when there can be no such host.
func (f *finder) ascii(from, to int) string {
	if f.plainly(span{from, to}) {
		return string(f.f[from:to])
	}
	labels := bytes.Split(f.f[from:to], []byte("."))
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = string(l)
		start, end := f.d.Span(from, from+len(l))
		written := f.d.Source()[start:end]
		if own := strings.ToLower(written); own != out[i] && !disguised(written) && !f.evasive(from) || !asciiOnly(l) {
			if out[i], _ = idna.Lookup.ToASCII(own); !asciiOnly(out[i]) {
				return ""
			}
		}
		from += len(l) + 1
	}
	return strings.Join(out, ".")
}

func asciiOnly[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// punycode is a spelled host as the name system has it, or empty.
func punycode(host string) string {
	if asciiOnly(host) {
		return host
	}
	a, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return ""
	}
	return a
}

// dot reads a link around a dot, and returns where to go on.
func (f *finder) dot(i int) int {
	if i == 0 || i+1 >= len(f.f) {
		return i + 1
	}
	if f.f[i-1] == ' ' || f.f[i+1] == ' ' {
		return f.looseDot(i)
	}
	if f.f[i-1] == '[' && f.f[i+1] == ']' || f.f[i-1] == '(' && f.f[i+1] == ')' || f.f[i-1] == '{' && f.f[i+1] == '}' {
		return f.brackets(i)
	}
	if !hostByte(f.f[i-1]) || !hostByte(f.f[i+1]) {
		return i + 1
	}
	from := f.back(i, maxHost, hostByte)
	if from >= i {
		return i + 1
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
	return max(to, i+1)
}

// scheme returns "https://" or the like when it stands before from.
func (f *finder) scheme(from int) string {
	if from < 3 || f.f[from-1] != '/' || f.f[from-2] != '/' {
		return ""
	}
	for _, s := range []string{"https://", "http://", "ftp://"} {
		if bytes.HasSuffix(f.f[:from], []byte(s)) {
			return s
		}
	}
	return ""
}

// believed reports whether what looks like a host is one.
func (f *finder) believed(from, end int, last []byte, scheme string) bool {
	h := f.f[from:end]
	path := end+1 < len(f.f) && f.f[end] == '/' && (alnum(f.f[end+1]) || strings.IndexByte("@+_~#", f.f[end+1]) >= 0)
	switch {
	case scheme != "":
		return topLevel(last) || f.ip(h)
	case from > 0 && (f.f[from-1] == '@' || f.f[from-1] == '_' || f.f[from-1] == '/' && !path || f.f[from-1] >= 0x80):
		return false
	case path && networkHosts[string(h)] != "":
		return true
	case bytes.HasPrefix(h, []byte("www.")):
		return topLevel(last) && bytes.Count(h, []byte(".")) > 1
	case len(h)-len(last) <= 2:
		return false
	case plainTLD[string(last)], localTLD[string(last)], bytes.HasPrefix(last, []byte("xn--")):
		return !f.sentence(end-len(last), end)
	case wordTLD[string(last)]:
		return path || bytes.IndexByte(h, '-') > 0 || bytes.Count(h, []byte(".")) > 1 && !f.sentence(end-len(last), end) || f.cuedLink(from)
	case strangeTLD[string(last)]:
		return path
	}
	return false
}

// sentence reports whether a last label begins a sentence after a full stop
// without a blank: "acasa.De".
func (f *finder) sentence(from, end int) bool {
	start, stop := f.d.Span(from, end)
	src := f.d.Source()[start:stop]
	if src == "" || src[0] < 'A' || src[0] > 'Z' {
		return false
	}
	return strings.ToUpper(src) != src || start >= 2 && f.d.Source()[start-2] >= 'a' && f.d.Source()[start-2] <= 'z'
}

// cuedLink reports whether a word such as site stands before a host.
func (f *finder) cuedLink(from int) bool {
	k := f.after(from) - 1
	return k >= 0 && linkCue[string(f.word(k))] && from-int(f.toks[k].To) <= 3
}

func (f *finder) ip(h []byte) bool {
	for _, c := range h {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return bytes.Count(h, []byte(".")) == 3
}

// maxPath is the length of the longest path taken, in folded bytes.
const maxPath = 2048

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
	for i = end; i < len(f.f) && i-end < maxPath && pathByte(f.f[i]); i++ {
	}
	for i > end && strings.IndexByte(".,;:!?)'*]#", f.f[i-1]) >= 0 {
		i--
	}
	for i > end && i < len(f.f) && f.f[i]&0xc0 == 0x80 {
		i-- // in the middle of a character
	}
	return i
}

// link adds a link, or the handle that it leads to.
func (f *finder) link(s span, scheme string, host, hostEnd int, hidden bool) {
	f.take(s)
	name := strings.TrimPrefix(string(f.f[host:hostEnd]), "www.")
	if net, ok := networkHosts[name]; ok && f.profile(net, s, hostEnd, hidden) {
		return
	}
	if ascii := f.ascii(host, hostEnd); ascii != "" {
		f.add(URL, scheme+ascii+f.original(hostEnd, s.to), s, hidden)
	}
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
	if k := f.after(at); k < len(f.toks) && int(f.toks[k].From) == at {
		return k
	}
	return -1
}
