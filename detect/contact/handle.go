package contact

import (
	"bytes"
	"strings"
)

// maxName is the length of the longest handle in bytes.
const maxName = 40

// networkHosts are the hosts whose first path element is somebody's name.
var networkHosts = map[string]string{
	"t.me": "telegram", "telegram.me": "telegram", "telegram.dog": "telegram",
	"wa.me": "whatsapp", "api.whatsapp.com": "whatsapp", "chat.whatsapp.com": "whatsapp",
	"instagram.com": "instagram", "instagr.am": "instagram", "tiktok.com": "tiktok", "vk.com": "vk",
	"facebook.com": "facebook", "fb.com": "facebook", "m.me": "facebook", "fb.me": "facebook",
	"discord.gg": "discord", "discord.com": "discord", "snapchat.com": "snapchat", "signal.me": "signal",
}

// notNames are first path elements that are no one's name.
var notNames = set("p reel reels explore stories groups pages watch events share sharer login s c joinchat addstickers channels download video tag hashtag marketplace photo photo.php story.php profile.php permalink.php legal about help")

// profile adds the handle that a link to a network leads to.
func (f *finder) profile(net string, s span, hostEnd int, hidden bool) bool {
	path := strings.Trim(string(f.f[hostEnd:s.to]), "/")
	path, _, _ = strings.Cut(path, "?")
	first, rest, _ := strings.Cut(path, "/")
	if first == "add" || first == "invite" || first == "send" {
		first, _, _ = strings.Cut(rest, "/")
	}
	name := strings.TrimPrefix(first, "@")
	if len(name) < 3 || len(name) > 64 || notNames[name] || strings.HasPrefix(name, "+") && net != "whatsapp" {
		return false
	}
	if digits := strings.TrimPrefix(name, "+"); net == "whatsapp" && allDigits(digits) {
		e164 := f.valid("+"+digits, "", false)
		if e164 == "" {
			return false
		}
		f.add(Phone, e164, s, hidden)
		name = e164
	} else if strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || !handleByte(byte(r)) && r != '-' }) >= 0 {
		return false
	}
	f.add(Handle, net+":"+name, s, hidden)
	return true
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// handleAt adds @name, with the network when its name stands before.
func (f *finder) handleAt(s span) {
	name := string(f.f[s.from+1 : s.to])
	net := "@"
	before := bytes.TrimRight(f.f[:s.from], " :=->")
	if k := f.tokenEndingAt(len(before)); k >= 0 && s.from-len(before) <= 4 {
		if w := f.meaning(k); w.net != "" {
			net, s.from = w.net+":", int(f.toks[k].From)
		}
	}
	f.add(Handle, net+name, s, false)
}

// tokenEndingAt is the token that ends at a folded offset, or -1.
func (f *finder) tokenEndingAt(at int) int {
	lo, hi := 0, len(f.toks)
	for lo < hi {
		if mid := (lo + hi) / 2; int(f.toks[mid].To) < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(f.toks) && int(f.toks[lo].To) == at {
		return lo
	}
	return -1
}

// fillers may stand between a network and a name: "my telegram is name_x".
var fillers = set("e este is meu mi mio my id user username nick name nume numele ul ist c com pe at add")

// cue reads the name after the name of a network: "insta: name", "tg name_x",
// "discord name#1234". Without a sign between, the name must look like one: a
// digit, a dot or an underscore in it.
func (f *finder) cue(m mark) {
	k := m.tok
	for n := 0; n < 3 && k+1 < len(f.toks) && fillers[string(f.word(k+1))] && blankOr(f.gap(k), ":=-"); n++ {
		k++
	}
	if k+1 >= len(f.toks) || len(f.gap(k)) > 5 || !blankOr(f.gap(k), ":=->@_") {
		return
	}
	gap := f.gap(k)
	from := int(f.toks[k+1].From)
	for from > int(f.toks[k].To) && f.f[from-1] == '_' {
		from--
	}
	to, marked := f.name(from)
	name := string(f.f[from:to])
	signed := bytes.ContainsAny(gap, ":=>@")
	if tag := f.tag(to); m.w.net == "discord" && tag > to {
		to, marked = tag, true
		name = string(f.f[from:to])
	}
	switch {
	case len(name) < 3 || len(name) > maxName || allDigits(strings.Trim(name, "._-")):
	case !f.free(span{from, to}):
	case marked && len(gap) > 0, signed && len(name) >= 4 && f.endsLine(to) && f.meaning(k+1).net == "":
		f.add(Handle, m.w.net+":"+name, span{int(f.toks[m.tok].From), to}, false)
	}
}

// blankOr reports whether a gap is blanks and some of the signs.
func blankOr(gap []byte, signs string) bool {
	return len(bytes.Trim(gap, " "+signs)) == 0
}

// name reads a handle from at on; marked says that it cannot be a word.
func (f *finder) name(at int) (to int, marked bool) {
	digits, letters, signs := 0, 0, 0
	for to = at; to < len(f.f) && to-at <= maxName && (handleByte(f.f[to]) || f.f[to] == '-'); to++ {
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
	return to, letters > 0 && (digits > 0 && letters > 1 || signs > 0)
}

// tag reads the #1234 of a Discord name, and returns at when there is none.
func (f *finder) tag(at int) int {
	if at+5 <= len(f.f) && f.f[at] == '#' && allDigits(string(f.f[at+1:at+5])) {
		return at + 5
	}
	return at
}

// endsLine reports whether nothing more of the sentence follows.
func (f *finder) endsLine(at int) bool {
	for at < len(f.f) && f.f[at] == ' ' {
		at++
	}
	return at >= len(f.f) || !alnum(f.f[at]) && f.f[at] < 0x80 && f.f[at] != '\''
}
