// Package contact finds ways to reach someone, and the other entities that an
// investigator searches by, in the original bytes of a text: phones, e-mails,
// links, handles, prices, ages and places.
//
// It reads numbers the way people hide them: spaced, dotted, starred, in
// keycaps or full-width digits, with letters for digits, with invisible
// characters inside, or spelled out in words. Such a contact is marked
// Obfuscated, which is evidence by itself.
//
// A text is first looked over for bytes without which there can be no
// contact, so that ordinary text costs next to nothing.
package contact

// Kind is what a contact is.
type Kind string

// The kinds of contacts and what Value holds for each.
const (
	Phone  Kind = "phone"  // E.164: +40700000000
	Email  Kind = "email"  // lower case: name@example.org
	URL    Kind = "url"    // host in lower case, with the scheme if given: https://example.org/a
	Handle Kind = "handle" // network:name, or @name when the network is unknown
	Price  Kind = "price"  // amount, currency, period: 2000 EUR/month
	Age    Kind = "age"    // years: 19
	Place  Kind = "place"  // country/city: RO/Cluj-Napoca, DE
)

// Contact is one entity found in a text.
type Contact struct {
	Kind       Kind
	Value      string // canonical, see the kinds
	Raw        string // what the text says: the text from Start to End
	Start, End int    // bytes of the text
	Obfuscated bool   // written so that a machine would miss it
}

// Options say how to read what a text leaves out. The zero value is fine.
type Options struct {
	// Region is the country of a phone number written without a prefix, as
	// ISO 3166-1 alpha-2. Empty means RO.
	Region string
	// Langs are the likely languages of the text as ISO 639-1, the likeliest
	// first. They settle what a word means in several languages.
	Langs []string
}

// Find returns the contacts in s in the order of their start. Contacts of
// the same kind do not overlap.
func Find(s string, o Options) []Contact {
	return nil
}
