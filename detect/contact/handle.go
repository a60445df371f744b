package contact

import (
	"bytes"
	"net/url"
	"strings"
)

// The lengths of handles in bytes.
const (
	maxName    = 40
	minHandle  = 3
	threemaID  = 8
	sessionID  = 66
	maxProfile = 64
)

// networkHosts are the hosts whose first path element is somebody's name.
var networkHosts = map[string]string{
	"t.me": "telegram", "telegram.me": "telegram", "telegram.dog": "telegram",
	"wa.me": "whatsapp", "api.whatsapp.com": "whatsapp", "chat.whatsapp.com": "whatsapp", "web.whatsapp.com": "whatsapp",
	"instagram.com": "instagram", "instagr.am": "instagram", "tiktok.com": "tiktok", "vm.tiktok.com": "tiktok", "vk.com": "vk",
	"facebook.com": "facebook", "m.facebook.com": "facebook", "fb.com": "facebook", "m.me": "facebook", "fb.me": "facebook",
	"discord.gg": "discord", "discord.com": "discord", "discordapp.com": "discord", "snapchat.com": "snapchat",
	"signal.me": "signal", "line.me": "line", "kik.me": "kik", "matrix.to": "matrix", "join.skype.com": "skype",
	"steamcommunity.com": "steam", "threema.id": "threema", "viber.me": "viber", "chats.viber.com": "viber",
}

// notNames are first path elements that are no one's name.
var notNames = set("p reel reels explore stories groups pages watch events share sharer login s c joinchat addstickers channels download video tag hashtag marketplace photo photo.php story.php profile.php permalink.php legal about help messages app direct t blog company privacy terms games search policies business developers people public r")

// profile adds the handle that a link to a network leads to.
func (f *finder) profile(net string, s span, hostEnd int, hidden bool) bool {
	path, query, _ := strings.Cut(strings.Trim(string(f.f[hostEnd:s.to]), "/"), "?")
	if net == "whatsapp" || net == "viber" {
		if number := phoneParameter(query); number != "" {
			return f.profilePhone(net, number, s, hidden)
		}
	}
	path = strings.TrimPrefix(path, "#/")
	path = strings.TrimPrefix(path, "#")
	first, rest, _ := strings.Cut(path, "/")
	switch first {
	case "add", "invite", "send", "u", "id", "user", "users", "profiles", "ti", "p":
		if rest != "" && (first != "p" || net == "signal" || net == "line") {
			first, rest, _ = strings.Cut(rest, "/")
			if rest != "" && net == "line" {
				first, _, _ = strings.Cut(rest, "/")
			}
		}
	}
	if net == "matrix" {
		return f.matrixLink(first, s, hidden)
	}
	name := strings.TrimLeft(first, "@~")
	if len(name) < minHandle || len(name) > maxProfile || notNames[name] {
		return false
	}
	if digits := strings.TrimPrefix(name, "+"); allDigits(digits) && (net == "whatsapp" || digits != name) {
		return f.profilePhone(net, digits, s, hidden)
	}
	if strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || !handleByte(byte(r)) && r != '-' }) >= 0 {
		return false
	}
	f.add(Handle, net+":"+name, s, hidden)
	return true
}

// phoneParameter is the number in "phone=40…" or "number=%2B40…", or nothing.
func phoneParameter(query string) string {
	v, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	number := strings.Trim(v.Get("phone")+v.Get("number"), "+ ")
	if !allDigits(number) {
		return ""
	}
	return number
}

// profilePhone adds the phone that is the name on a network.
func (f *finder) profilePhone(net, digits string, s span, hidden bool) bool {
	e164 := f.abroad([]byte(strings.TrimPrefix(digits, "00")), nil, true)
	if e164 == "" {
		return false
	}
	f.add(Phone, e164, s, hidden)
	f.add(Handle, net+":"+e164, s, hidden)
	return true
}

// matrixLink reads https://matrix.to/#/@ana:example.org.
func (f *finder) matrixLink(name string, s span, hidden bool) bool {
	local, host, ok := strings.Cut(name, ":")
	if !ok || !strings.HasPrefix(local, "@") || !strings.Contains(host, ".") {
		return false
	}
	f.add(Handle, "matrix:"+name, s, hidden)
	return true
}

// matrix reads @ana:example.org around the sign at i, whose name ends at end,
// and returns where it ends or 0.
func (f *finder) matrix(i, end int) int {
	if end+1 >= len(f.f) || f.f[end] != ':' || !alnum(f.f[end+1]) {
		return 0
	}
	to, last := f.host(end + 1)
	if len(last) < 2 || !topLevel(last) {
		return 0
	}
	s := span{i, to}
	f.take(s)
	f.add(Handle, "matrix:"+string(f.f[i:to]), s, false)
	return to
}

func allDigits[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0
}

// handleAt adds @name, with the network when its name stands near: before it
// in the same clause, or after it in brackets or after "on".
func (f *finder) handleAt(s span) {
	name := string(f.f[s.from+1 : s.to])
	k := f.after(s.from) - 1
	gap := 0
	if k >= 0 {
		gap = s.from - int(f.toks[k].To)
	}
	for n := 0; n < 4 && k >= 0 && gap <= 4; n++ {
		w := f.find(k)
		if w.net != "" && (n == 0 || !w.is(weakNet)) {
			if n == 0 || f.fillers(k, n) {
				s.from = int(f.toks[k].From)
			}
			f.add(Handle, w.net+":"+name, s, false)
			f.take(s)
			return
		}
		if f.clause(k) {
			break
		}
		k--
	}
	net := "@"
	if k := f.after(s.to); k+1 < len(f.toks) && f.find(k).is(nameFill|per) && f.find(k+1).net != "" && int(f.toks[k].From)-s.to == 1 {
		net = f.find(k+1).net + ":"
	} else if k < len(f.toks) && int(f.toks[k].From)-s.to <= 2 && f.find(k).net != "" && !f.find(k).is(weakNet) && bytes.IndexByte(f.f[s.to:f.toks[k].From], '\n') < 0 {
		net = f.find(k).net + ":"
	}
	f.add(Handle, net+name, s, false)
	f.take(s)
}

// fillers reports whether the n tokens after k only lead to a name.
func (f *finder) fillers(k, n int) bool {
	for i := k + 1; i <= k+n; i++ {
		if !f.find(i).is(nameFill) {
			return false
		}
	}
	return true
}

// tokenEndingAt is the token that ends at a folded offset, or -1.
func (f *finder) tokenEndingAt(at int) int {
	if k := f.after(at) - 1; k >= 0 && int(f.toks[k].To) == at {
		return k
	}
	return -1
}

// maxFillers is how many words may stand between a network and a name.
const maxFillers = 3

// cue reads the name after the name of a network: "insta: name", "tg name_x",
// "discord name#1234", "add me on snap name". Without a sign between, the name
// must look like one (a digit, a dot or an underscore in it), or someone asks
// to be added there.
func (f *finder) cue(k int, w *word) {
	net := k
	if !f.free(f.tok(k)) {
		return
	}
	signed := false
	for n := 0; n < maxFillers && k+1 < len(f.toks) && f.find(k+1).is(nameFill) && blankOr(f.gap(k), ":=-('"); n++ {
		signed = signed || bytes.ContainsAny(f.gap(k), ":=")
		k++
	}
	if k+1 >= len(f.toks) || len(f.gap(k)) > 6 || len(f.gap(k)) == 0 || !f.cueGap(f.gap(k)) {
		return
	}
	signed = signed || bytes.ContainsAny(f.gap(k), ":=>@") || bytes.Contains(f.gap(k), []byte("➡")) || bytes.Contains(f.gap(k), []byte("→"))
	from := int(f.toks[k+1].From)
	for from > int(f.toks[k].To) && f.f[from-1] == '_' {
		from--
	}
	to, marked := f.name(from)
	if tag := f.tag(to); w.net == "discord" && tag > to {
		to, marked, signed = tag, true, true
	}
	name := f.f[from:to]
	switch w.net {
	case "whatsapp": // a phone, found as such
		return
	case "skype":
		if string(name) == "live" && to+1 < len(f.f) && f.f[to] == ':' && f.f[to+1] != ' ' {
			to = f.nameEnd(to + 1)
			name, marked = f.f[from:to], true
		}
	case "session", "threema":
		f.keyed(net, w, span{from, to})
		return
	}
	if len(name) < minHandle || len(name) > maxName || allDigits(bytes.Trim(name, "._-")) || !f.free(span{from, to}) || f.address(to) {
		return
	}
	last := f.after(to) - 1
	wordy := f.find(k+1).net != "" || f.find(k+1).is(notName|tel)
	switch {
	case marked && (signed || !w.is(weakNet)) && !f.measure(name):
	case wordy || len(name) < minName:
		return
	case signed && f.endsClause(to) && f.lone(net, k):
	case f.wanted(net) && onNet[string(f.word(net-1))] && f.endsClause(to) && last == k+1:
	default:
		return
	}
	f.add(Handle, w.net+":"+string(name), span{int(f.toks[net].From), to}, false)
}

// cueGap reports whether a gap may stand between a network and a name.
func (f *finder) cueGap(gap []byte) bool {
	for _, c := range gap {
		if c != ' ' && c != '@' && c != '_' && c != '(' && c != '"' && c != '\'' && c != '~' && c != '>' && c < 0x80 && c != ':' && c != '=' && c != '-' {
			return false
		}
	}
	return true
}

// lone reports whether a network and the sign after it label a name: the
// network begins its clause, or what is before leads to it ("my", "add me on").
func (f *finder) lone(net, k int) bool {
	return f.clause(net) || f.find(net-1).is(nameFill|per|addMe) || k > net || f.find(net-1).net != ""
}

// address reports whether what was read goes on as a host or a path.
func (f *finder) address(to int) bool {
	return to+1 < len(f.f) && (f.f[to] == '/' || f.f[to] == '@') && alnum(f.f[to+1])
}

// measure reports whether a marked name is a number with a unit: 5g, 10k, 2x.
func (f *finder) measure(name []byte) bool {
	n := leadingDigits(name)
	return n > 0 && len(name)-n <= 2
}

// wanted reports whether someone asks to be added, shortly before token k.
func (f *finder) wanted(k int) bool {
	for i := k - 1; i >= 0 && i >= k-4; i-- {
		if f.find(i).is(addMe) {
			return true
		}
		if f.clause(i) {
			return false
		}
	}
	return false
}

// keyed reads the identity of a network that gives out keys.
func (f *finder) keyed(net int, w *word, s span) {
	name := f.f[s.from:s.to]
	written := f.original(s.from, s.to)
	switch {
	case w.net == "threema" && len(name) == threemaID && strings.ToUpper(written) == written:
	case w.net == "session" && len(name) == sessionID && hexadecimal(name) && bytes.HasPrefix(name, []byte("05")):
	default:
		return
	}
	f.take(s)
	f.add(Handle, w.net+":"+string(name), span{int(f.toks[net].From), s.to}, false)
}

func hexadecimal(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// blankOr reports whether a gap is blanks and some of the signs.
func blankOr(gap []byte, signs string) bool {
	for _, c := range gap {
		if c != ' ' && strings.IndexByte(signs, c) < 0 {
			return false
		}
	}
	return true
}

// name reads a handle from at on; marked says that it cannot be a word.
func (f *finder) name(at int) (to int, marked bool) {
	digits, letters, signs := 0, 0, 0
	for to = at; to < len(f.f) && to-at <= sessionID && (handleByte(f.f[to]) || f.f[to] == '-'); to++ {
		switch c := f.f[to]; {
		case c == '_' || c == '.' && to+1 < len(f.f) && alnum(f.f[to+1]):
			signs++
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z':
			letters++
		}
	}
	for to > at && (f.f[to-1] == '.' || f.f[to-1] == '-') {
		to--
	}
	if to < len(f.f) && f.f[to] >= 0x80 {
		return at, false // a word of other letters begins
	}
	return to, letters > 0 && (digits > 0 && letters > 1 || signs > 0)
}

// tag reads the #1234 of a Discord name, and returns at when there is none.
func (f *finder) tag(at int) int {
	if at+5 <= len(f.f) && f.f[at] == '#' && allDigits(f.f[at+1:at+5]) {
		return at + 5
	}
	return at
}

// endsClause reports whether nothing more of the sentence follows, or what
// follows is another clause.
func (f *finder) endsClause(at int) bool {
	for at < len(f.f) && f.f[at] == ' ' {
		at++
	}
	if at >= len(f.f) || !alnum(f.f[at]) && f.f[at] < 0x80 && f.f[at] != '\'' && f.f[at] != '/' {
		return true
	}
	if f.f[at] >= 0xe2 {
		return true
	}
	k := f.tokenAt(at)
	return k >= 0 && (f.find(k).net != "" || f.find(k).is(glue) || string(f.word(k)) == "sau" || string(f.word(k)) == "or")
}
