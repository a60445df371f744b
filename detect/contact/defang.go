package contact

import (
	"bytes"
	"strings"

	"veghe/detect/text"
)

// Addresses and links written so that a machine would miss them: ana (at)
// example (dot) org, hxxps://example[.]org, example punct ro.

// maxLabels bounds the labels of a spelled host.
const maxLabels = 12

// brackets reads name[.]example[.]com around the dot at i.
func (f *finder) brackets(i int) int {
	left := i - 1
	for left > 0 && f.f[left-1] == ' ' {
		left--
	}
	left = f.back(left, maxHost, func(c byte) bool { return hostByte(c) || c == '.' })
	k := f.tokenAt(left)
	if k < 0 || left >= i-1 || f.scheme(left) != "" && k == 0 {
		return i + 1
	}
	if host, end, hidden := f.spelledHost(k); hidden && f.free(span{left, end}) && f.knownEnd(host) {
		to := f.path(end)
		s := span{left, to}
		f.take(s)
		if net := networkHosts[host]; net == "" || !f.profile(net, s, end, true) {
			f.add(URL, host+f.original(end, to), s, true)
		}
		return to
	}
	return i + 1
}

// looseDot reads "example . com", and returns where to go on.
func (f *finder) looseDot(i int) int {
	k := f.after(i)
	if k == 0 || k >= len(f.toks) || f.f[i-1] != ' ' || bytes.IndexByte(f.gap(k-1), '\n') >= 0 || f.f[i+1] != ' ' && string(f.word(k)) == "net" || i-int(f.toks[k-1].To) > 2 || int(f.toks[k].From)-i > 2 {
		return i + 1
	}
	first := k - 1
	for first > max(0, k-maxLabels) && string(f.gap(first-1)) == "." {
		first--
	}
	if !looseTLD[string(f.word(k))] || f.toks[first].Flags&text.Letter == 0 || notHost[string(f.word(k-1))] || len(f.word(k-1)) < 3 || f.goesOnWord(k) {
		return i + 1
	}
	host, end, ok := f.spelledHost(first)
	s := span{int(f.toks[first].From), end}
	if !ok || !f.free(s) {
		return i + 1
	}
	to := f.path(end)
	s.to = to
	f.take(s)
	f.add(URL, host+f.original(end, to), s, true)
	return max(to, i+1)
}

// goesOnWord reports whether a token goes on with an apostrophe or a dash.
func (f *finder) goesOnWord(k int) bool {
	g := f.gap(k)
	return len(g) == 1 && (g[0] == '\'' || g[0] == '-' || g[0] == '_')
}

// spelledDot reads "example punct ro" around the word for a dot.
func (f *finder) spelledDot(i int) {
	if i == 0 || i+1 >= len(f.toks) || !looseTLD[string(f.word(i+1))] || !f.free(f.tok(i)) {
		return
	}
	first := i - 1
	least := max(0, i-2*maxLabels)
	for first > least && (string(f.gap(first-1)) == "." || string(f.gap(first-1)) == "-") {
		first--
	}
	for first > least+1 && f.find(first-1).is(dotWord) && blankOr(f.gap(first-1), "[](){}") && blankOr(f.gap(first-2), "[](){}") && !f.find(first-1).is(at) {
		first -= 2
	}
	if notHost[string(f.word(i-1))] || len(f.word(i-1)) < 3 {
		return
	}
	host, end, hidden := f.spelledHost(first)
	s := span{int(f.toks[first].From), end}
	if !hidden || !loose(host) || !f.free(s) {
		return
	}
	to := f.path(end)
	s.to = to
	f.take(s)
	f.add(URL, host+f.original(end, to), s, true)
}

// loose reports whether a host ends in a top level that is no other word.
func loose(host string) bool { return looseTLD[host[strings.LastIndexByte(host, '.')+1:]] }

// knownEnd reports whether a host ends in a top level that exists.
func (f *finder) knownEnd(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return plainTLD[last] || wordTLD[last] || strangeTLD[last] || localTLD[last] || strings.HasPrefix(last, "xn--")
}

// spelledHost reads a host from token k on, in which a dot may be written
// [.], (dot), " . " or "punct". ok says that a dot was and that the host has
// a top level.
func (f *finder) spelledHost(k int) (host string, end int, ok bool) {
	var b strings.Builder
	spelled := false
	for n := 0; n < maxLabels && k < len(f.toks); n++ {
		w := f.word(k)
		b.Write(w)
		end = int(f.toks[k].To)
		known := b.Len() > len(w) && f.knownEnd(string(w))
		was := k
		sign, hidden := f.separator(&k)
		if sign == "" || known && sign == "-" || known && hidden && !f.label(k) {
			host = punycode(b.String())
			return host, end, known && spelled && host != ""
		}
		spelled = spelled || hidden
		if k == was {
			break
		}
		b.WriteString(sign)
	}
	return "", 0, false
}

// label reports whether a token may go on a host that could end before it.
func (f *finder) label(k int) bool {
	return k < len(f.toks) && f.knownEnd(string(f.word(k)))
}

// separator reads what stands between two labels from token k on, moves k to
// the token after it, and returns "." or "-" and whether it was spelled out,
// or nothing at the end of the host.
func (f *finder) separator(k *int) (sign string, hidden bool) {
	if *k+1 >= len(f.toks) {
		return "", false
	}
	raw := f.gap(*k)
	gap := string(bytes.TrimSpace(raw))
	blank := len(raw) > len(gap)
	switch {
	case gap == "-" && !blank:
		*k++
		return "-", false
	case gap == "." && !blank:
		*k++
		return ".", false
	case gap == "[.]", gap == "(.)", gap == "{.}", gap == "[.", gap == ".]", gap == "." && raw[0] == ' ' && len(raw) <= 5 && looseTLD[string(f.word(*k+1))]:
		*k++
		return ".", true
	case f.find(*k+1).is(dotWord) && (gap == "" || strings.Trim(gap, "[({<*-_") == ""):
		after := strings.TrimSpace(string(f.gap(*k + 1)))
		if strings.Trim(after, "])}>*-_") == "" && *k+2 < len(f.toks) {
			*k += 2
			return ".", true
		}
	}
	return "", false
}

// laterHost reads a host at a folded offset that hides a dot.
func (f *finder) laterHost(at int) (end int, host string) {
	for at < len(f.f) && f.f[at] == ' ' {
		at++
	}
	k := f.tokenAt(at)
	if k < 0 {
		return 0, ""
	}
	host, end, ok := f.spelledHost(k)
	if !ok {
		return 0, ""
	}
	return end, host
}

// looseAt reads "ana @ example.org" around the sign at i, or returns 0.
func (f *finder) looseAt(i int) (end int) {
	k := f.after(i) - 1
	if k < 0 || k+1 >= len(f.toks) || i-int(f.toks[k].To) > 2 || i == int(f.toks[k].To) || int(f.toks[k+1].From)-i > 3 {
		return 0
	}
	host, end := f.plainHost(k + 1)
	if host == "" {
		return 0
	}
	from := f.localBefore(k)
	s := span{from, end}
	if !f.free(s) {
		return 0
	}
	f.take(s)
	f.add(Email, f.local(from, int(f.toks[k].To))+"@"+host, s, true)
	return end
}

// plainHost reads a host from token k on, spelled out or not, also letter by
// letter.
func (f *finder) plainHost(k int) (host string, end int) {
	if host, end, ok := f.spelledHost(k); ok {
		return host, end
	}
	if end, last := f.host(int(f.toks[k].From)); topLevel(last) && f.knownEnd(string(last)) {
		return f.ascii(int(f.toks[k].From), end), end
	}
	return f.spacedHost(k)
}

// spacedHost reads e x a m p l e . o r g.
func (f *finder) spacedHost(k int) (host string, end int) {
	var b strings.Builder
	for n := 0; n < maxHost && k < len(f.toks) && len(f.word(k)) == 1; n++ {
		b.Write(f.word(k))
		end = int(f.toks[k].To)
		g := string(bytes.TrimSpace(f.gap(k)))
		if g != "" && g != "." || len(f.gap(k)) > 4 {
			break
		}
		b.WriteString(g)
		k++
	}
	host = strings.TrimSuffix(b.String(), ".")
	if strings.IndexByte(host, '.') < 3 || !f.knownEnd(host) {
		return "", 0
	}
	return punycode(host), end
}

// localBefore is where the local part that ends with token k begins: ana.pop,
// "ana punct pop", "a n a".
func (f *finder) localBefore(k int) int {
	last := k
	for n := 0; n < maxLocal && k > 0; n++ {
		m := f.find(k - 1)
		switch {
		case len(f.word(k)) == 1 && len(f.word(k-1)) == 1 && len(f.gap(k-1)) <= 3 && blankOr(f.gap(k-1), "._"):
			k--
			continue
		case k > 1 && m.is(dotWord|under) && blankOr(f.gap(k-1), "()[]") && blankOr(f.gap(k-2), "()[]"):
			k -= 2
			continue
		case k > 2 && string(f.word(k-1)) == "jos" && f.find(k-2).is(under):
			k -= 3
			continue
		}
		break
	}
	if k < last && f.find(k).is(nameFill) && f.find(k-1).is(nameFill|tel) {
		k++ // "my mail e a n a"
	}
	return f.back(int(f.toks[k].From), maxLocal, localByte)
}

// local writes a local part with the signs that its words stand for.
func (f *finder) local(from, to int) string {
	k := f.after(from)
	var b strings.Builder
	b.Write(f.f[from:min(to, int(f.toks[k].From))])
	for ; k < len(f.toks) && int(f.toks[k].To) <= to; k++ {
		m := f.find(k)
		inner := int(f.toks[k].From) > from && int(f.toks[k].To) < to
		switch {
		case inner && m.is(dotWord):
			b.WriteByte('.')
		case inner && m.is(under):
			b.WriteByte('_')
		case inner && string(f.word(k)) == "jos":
		default:
			b.Write(f.word(k))
		}
		if int(f.toks[k].To) < to {
			b.Write(bytes.Trim(f.gap(k), " ()[]"))
		}
	}
	return b.String()
}

// spelledAt reads an address around a word that means @: ana (at) example
// (dot) org, "ana coadă de maimuță example punct ro". A bare "at" needs a
// spelled dot after it.
func (f *finder) spelledAt(i int) {
	left, right := i-1, i+1
	if string(f.word(i)) == "rond" {
		if string(f.word(left)) != "a" {
			return
		}
		left--
	}
	if string(f.word(i)) == "coada" {
		if string(f.word(right)) != "de" || string(f.word(right+1)) != "maimuta" {
			return
		}
		right += 2
	}
	if left < 0 || right >= len(f.toks) {
		return
	}
	before, after := strings.TrimSpace(string(f.gap(left))), strings.TrimSpace(string(f.gap(right-1)))
	bracketed := before != "" && after != "" && strings.Trim(before, "[({<*_-") == "" && strings.Trim(after, "])}>*_-") == ""
	if !bracketed && (before != "" || after != "") {
		return
	}
	host, end, hidden := f.spelledHost(right)
	if !hidden {
		if host, end = f.plainHost(right); host == "" {
			return
		}
	}
	if !bracketed && ambiguousAt(f.word(i)) && (!loose(host) || !hidden) {
		return
	}
	from := f.localBefore(left)
	s := span{from, end}
	if !f.free(s) || beforeAt[string(f.word(left))] && !bracketed {
		return
	}
	f.take(s)
	f.add(Email, f.local(from, int(f.toks[left].To))+"@"+host, s, true)
}

// ambiguousAt reports whether a word for @ is also a preposition.
func ambiguousAt(w []byte) bool {
	switch string(w) {
	case "at", "et":
		return true
	}
	return false
}

// defanged reads a link made harmless: hxxps://example[.]org/a.
func (f *finder) defanged(k int, w *word) {
	t := f.toks[k]
	gap := string(f.gap(k))
	if k+1 >= len(f.toks) || strings.Trim(gap, ":/[]() ") != "" || strings.Count(gap, "/") < 2 || strings.IndexByte(gap, ':') < 0 {
		return
	}
	first := int(f.toks[k+1].From)
	host, end, hidden := f.spelledHost(k + 1)
	if !hidden {
		if w.text == w.scheme && gap == "://" {
			return // as it is
		}
		var last []byte
		if end, last = f.host(first); !topLevel(last) {
			return
		}
		if host = f.ascii(first, end); host == "" {
			return
		}
	}
	s := span{int(t.From), end}
	if !f.free(s) {
		return
	}
	to := f.path(end)
	s.to = to
	f.take(s)
	f.add(URL, w.scheme+"://"+host+f.original(end, to), s, true)
}

// gluedEnds are the ends of an address in one word, ana AT example DOT com.
var gluedEnds = []string{"dotcom", "dotro", "dotorg", "dotnet", "punctro", "punctcom"}

// minAddress is the length of the shortest one, in bytes.
const minAddress = 12

// gluedAddress reads "anaATexampleDOTcom", where capitals say how to cut.
func (f *finder) gluedAddress(k int, w []byte) {
	end := ""
	for _, e := range gluedEnds {
		if bytes.HasSuffix(w, []byte(e)) {
			end = e
		}
	}
	t := f.toks[k]
	src := f.d.Source()[t.Start:t.End]
	if end == "" || len(src) != len(w) {
		return
	}
	at := strings.Index(src, "AT")
	tail := len(w) - len(end)
	dot := "dot"
	if end[0] == 'p' {
		dot = "punct"
	}
	if at < 2 || tail < at+4 || src[tail:tail+len(dot)] != strings.ToUpper(dot) || strings.ToLower(src[:at]) != src[:at] {
		return
	}
	s := f.tok(k)
	f.take(s)
	f.add(Email, string(w[:at])+"@"+string(w[at+2:tail])+"."+end[len(dot):], s, true)
}
