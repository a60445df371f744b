package contact

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// maxLookups bounds the numbers of one text that phonenumbers is asked about.
const maxLookups = 400

// region says what the numbers of a country look like, so that few are looked
// up for nothing.
type region struct {
	code   string
	prefix string // country calling code
	trunk  string // what a national number starts with; empty for none
	first  string // what may follow the trunk in a mobile number, or any number at home
	length int    // digits after the trunk
	spread int    // how many fewer or more there may be
}

var knownRegions = []region{
	{"RO", "40", "0", "237", 9, 0},
	{"MD", "373", "0", "2567", 8, 0},
	{"GB", "44", "0", "1237", 10, 0},
	{"IE", "353", "0", "8", 9, 0},
	{"IT", "39", "", "3", 10, 1},
	{"ES", "34", "", "67", 9, 0},
	{"DE", "49", "0", "1", 10, 1},
	{"AT", "43", "0", "6", 10, 2},
	{"CH", "41", "0", "7", 9, 0},
	{"FR", "33", "0", "67", 9, 0},
	{"BE", "32", "0", "4", 9, 0},
	{"NL", "31", "0", "6", 9, 0},
	{"LU", "352", "", "6", 9, 0},
	{"HU", "36", "06", "237", 9, 0},
	{"UA", "380", "0", "35679", 9, 0},
	{"BG", "359", "0", "89", 9, 0},
	{"RU", "7", "8", "9", 10, 0},
	{"TR", "90", "0", "5", 10, 0},
	{"PL", "48", "", "5678", 9, 0},
	{"CZ", "420", "", "67", 9, 0},
	{"SK", "421", "0", "9", 9, 0},
	{"PT", "351", "", "9", 9, 0},
	{"GR", "30", "", "6", 10, 0},
	{"CY", "357", "", "9", 8, 0},
	{"AL", "355", "0", "6", 9, 0},
	{"RS", "381", "0", "6", 8, 1},
	{"HR", "385", "0", "9", 8, 1},
	{"SI", "386", "0", "34567", 8, 0},
	{"BA", "387", "0", "6", 8, 1},
	{"MK", "389", "0", "7", 8, 0},
	{"ME", "382", "0", "6", 8, 0},
	{"XK", "383", "0", "4", 8, 0},
	{"DK", "45", "", "23456789", 8, 0},
	{"SE", "46", "0", "7", 9, 0},
	{"NO", "47", "", "49", 8, 0},
	{"FI", "358", "0", "45", 9, 1},
	{"IL", "972", "0", "5", 9, 0},
	{"AE", "971", "0", "5", 9, 0},
	{"US", "1", "", "23456789", 10, 0},
}

// langRegion is the country tried for a language, after the region.
var langRegion = map[string]string{
	"ro": "RO", "en": "GB", "it": "IT", "es": "ES", "de": "DE", "fr": "FR", "hu": "HU", "uk": "UA", "ru": "RU",
	"bg": "BG", "tr": "TR", "pl": "PL", "pt": "PT", "nl": "NL", "el": "GR", "sq": "AL", "sr": "RS",
}

func regionOf(code string) *region {
	for i := range knownRegions {
		if knownRegions[i].code == code {
			return &knownRegions[i]
		}
	}
	return nil
}

// maxRegions bounds the countries whose numbers are tried without a prefix.
const maxRegions = 6

// countries lists the countries of a text: where it was written, those of its
// languages. Places named in it join them; see country.
func (f *finder) countries() {
	f.regions = f.regions[:0]
	f.home(f.o.Region)
	for _, l := range f.o.Langs {
		if code := langRegion[l]; code != "" {
			f.country(code)
		}
	}
}

// country adds a country to try.
func (f *finder) country(code string) {
	if len(f.regions) == maxRegions {
		return
	}
	if r := regionOf(code); r != nil && !slices.Contains(f.regions, r) {
		f.regions = append(f.regions, r)
	}
}

// home adds the country that numbers without a prefix are of, be it one we
// know the habits of or not.
func (f *finder) home(code string) {
	f.country(code)
	if len(f.regions) > 0 || len(code) != 2 {
		return
	}
	if prefix := phonenumbers.GetCountryCodeForRegion(code); prefix != 0 {
		f.regions = append(f.regions, &region{code, strconv.Itoa(prefix), "0", "123456789", 9, 3})
	}
}

// dial returns the number in E.164 that digits say, or nothing when they say
// none: with a country code, as written in one of the countries of the text,
// or, after a word such as "tel", in any form that it can have.
func (f *finder) dial(digits []byte, row []group) string {
	if row[0].how&plussed != 0 {
		return f.abroad(digits, row, true)
	}
	if rest, ok := bytes.CutPrefix(digits, []byte("00")); ok && len(rest) >= minPhone && rest[0] != '0' {
		if e := f.abroad(rest, row, true); e != "" {
			return e
		}
	}
	for i, r := range f.regions {
		if rest, ok := r.national(digits); ok && (r.trunk != "" || r.grouped(row)) {
			if e := f.number164(r, rest, row, i > 0 || r.trunk == ""); e != "" {
				return e
			}
		}
	}
	cued := f.cued(row[0].tok)
	for _, r := range f.regions {
		if rest, ok := bytes.CutPrefix(digits, []byte(r.prefix)); ok && r.fits(rest) && len(rest) >= 8 && (len(digits) > 10 || cued) {
			if e := f.number164(r, rest, row, true); e != "" {
				return e
			}
		}
	}
	if northAmerican(row) && f.english() {
		if e := f.number164(regionOf("US"), digits[len(digits)-10:], row, false); e != "" {
			return e
		}
	}
	if !cued {
		return ""
	}
	if len(digits) == 9 && digits[0] == '7' && len(f.regions) > 0 && f.regions[0].code == "RO" {
		return f.number164(f.regions[0], digits, row, true)
	}
	return f.abroad(digits, row, false)
}

// national cuts the trunk off and reports whether the rest looks right.
func (r *region) national(digits []byte) (rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(digits, []byte(r.trunk))
	return rest, ok && r.fits(rest)
}

// fits reports whether digits after trunk or country code look right.
func (r *region) fits(rest []byte) bool {
	off := len(rest) - r.length
	return len(rest) > 0 && off >= -r.spread && off <= r.spread && strings.IndexByte(r.first, rest[0]) >= 0
}

// grouped reports whether digits that no trunk marks as a phone are grouped
// like one: not as a list or an amount.
func (r *region) grouped(row []group) bool {
	if len(row) == 1 || row[0].how&spelled != 0 {
		return true
	}
	even := true
	thousands := row[0].len() <= 3
	for i := range row[1:] {
		even = even && row[i].len() == row[0].len()
		thousands = thousands && row[i+1].len() == 3
	}
	switch {
	case r.code == "US":
		return northAmerican(row) || even && row[0].len() <= 2
	case thousands:
		return len(row) == 3 && row[0].len() == 3
	}
	return true
}

// northAmerican reports whether groups are 3-3-4 digits, with or without a 1.
func northAmerican(row []group) bool {
	if len(row) == 4 && row[0].len() == 1 {
		row = row[1:]
	}
	return len(row) == 3 && row[0].len() == 3 && row[1].len() == 3 && row[2].len() == 4 && row[0].how&spelled == 0
}

func (f *finder) english() bool { return slices.Contains(f.o.Langs, "en") || f.o.Region == "US" }

// abroad reads a number that begins with a country code. Without a + before
// it, it must be a mobile one of a country we know.
func (f *finder) abroad(digits []byte, row []group, plus bool) string {
	for i := range knownRegions {
		r := &knownRegions[i]
		if r.prefix[0] != digits[0] {
			continue
		}
		rest, ok := bytes.CutPrefix(digits, []byte(r.prefix))
		if !ok {
			continue
		}
		if len(rest) > 1 && r.trunk == "0" && rest[0] == '0' {
			rest = rest[1:] // +40 (0) 700 …
		}
		switch {
		case !plus && r.fits(rest):
			return f.number164(r, rest, row, true)
		case plus && len(rest) >= 6 && (len(rest) <= 11 || r.code == "DE" || r.code == "AT"):
			if r.code == "RO" && len(rest) != 9 {
				return ""
			}
			return f.number164(r, rest, row, false)
		}
		return ""
	}
	if !plus || digits[0] == '0' || len(row) > 0 && !f.shaped(row) {
		return ""
	}
	return f.parse("+" + string(digits))
}

// number164 is the E.164 form of a national number without trunk if it is a
// valid one, and mobile if it must be. Without a row nothing stands around it.
func (f *finder) number164(r *region, national []byte, row []group, mobile bool) string {
	if len(row) > 0 && !f.shaped(row) {
		return ""
	}
	kind := f.kind(r, national)
	if kind == noPhone || mobile && kind != mobilePhone {
		return ""
	}
	return "+" + r.prefix + string(national)
}

// phoneKind is what phonenumbers says of a number.
type phoneKind uint8

const (
	noPhone phoneKind = iota
	fixedPhone
	mobilePhone
)

// asked is an answer of phonenumbers, kept for the next time: the same
// advertisers write again and again.
type asked struct {
	number uint64 // see finder.kind
	kind   phoneKind
}

// maxAsked is how many answers a finder keeps.
const maxAsked = 1 << 8

func (f *finder) kind(r *region, national []byte) phoneKind {
	country, number := decimal([]byte(r.prefix)), decimal(national)
	key := number | country<<50
	if national[0] == '0' {
		key |= 1 << 62
	}
	if f.asked == nil {
		f.asked = new([maxAsked]asked)
	}
	a := &f.asked[key*0x9E3779B97F4A7C15>>56%maxAsked]
	if a.number != key {
		if f.lookups >= maxLookups {
			return noPhone
		}
		f.lookups++
		*a = asked{key, ask(int32(country), number, national[0] == '0')}
	}
	return a.kind
}

// decimal is the number that digits say.
func decimal(digits []byte) uint64 {
	n := uint64(0)
	for _, c := range digits {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// ask looks a number up in the numbering plans.
func ask(country int32, national uint64, leadingZero bool) phoneKind {
	n := &phonenumbers.PhoneNumber{CountryCode: &country, NationalNumber: &national}
	if leadingZero {
		n.ItalianLeadingZero = &leadingZero
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return mobilePhone
	case phonenumbers.UNKNOWN:
		if drama(country, national) {
			return mobilePhone
		}
		return noPhone
	}
	return fixedPhone
}

// drama reports whether a number is one of those that Ofcom and ARCEP keep
// for films. They are no valid numbers, but examples and training use them.
func drama(country int32, national uint64) bool {
	return country == 44 && (national/1000 == 7700900 || national/1000 == 1632960) || country == 33 && national/10000 == 63998
}

// parse reads a number of a country we know nothing of.
func (f *finder) parse(number string) string {
	if f.lookups >= maxLookups {
		return ""
	}
	f.lookups++
	n, err := phonenumbers.Parse(number, "")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// cued reports whether a word such as "tel" is shortly before token k.
func (f *finder) cued(k int) bool {
	for i := k - 1; i >= 0 && i >= k-3; i-- {
		if f.find(i).is(tel) {
			return true
		}
		if bytes.IndexByte(f.gap(i), '\n') >= 0 {
			return false
		}
	}
	return false
}
