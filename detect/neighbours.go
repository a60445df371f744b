package detect

import (
	"io"
	"strings"
	"sync"

	"veghe"
	"veghe/detect/cluster"
	"veghe/detect/contact"
)

// KnownContacts is the list of a rule set with contacts that many people give
// for good reason, such as helplines. They are no sign of anything.
const KnownContacts = "known-contacts"

// neighbours is what is remembered about posts that are alike or share a
// contact, and what a post needs to be put among them.
type neighbours struct {
	*cluster.Memory
	sketches sync.Pool // of *cluster.Sketch
	features sync.Pool // of map[string]float64, empty
}

func newNeighbours() *neighbours {
	n := &neighbours{Memory: cluster.NewMemory(cluster.Options{}, nil)}
	n.sketches.New = func() any { return new(cluster.Sketch) }
	n.features.New = func() any { return map[string]float64{} }
	return n
}

// sketch is taken of what has a template: advertisements, and posts that give
// a contact. Nil for others.
func (n *neighbours) sketch(w *worker, p *veghe.Post, contacts []veghe.Contact) *cluster.Sketch {
	if n == nil || p.Kind != veghe.Ad && len(reachable(p, contacts)) == 0 {
		return nil
	}
	s := n.sketches.Get().(*cluster.Sketch)
	s.Make(&w.title, &w.text)
	return s
}

// reachable are the values of contacts by which somebody can be reached. In a
// conversation a name after @ alone is somebody there who is spoken to.
func reachable(p *veghe.Post, contacts []veghe.Contact) (out []string) {
	for i := range contacts {
		c := &contacts[i]
		switch contact.Kind(c.Kind) {
		case contact.Handle:
			if p.Kind != veghe.Ad && strings.HasPrefix(c.Value, "@") {
				continue
			}
		case contact.Phone, contact.Email:
		default:
			continue
		}
		out = append(out, c.Value)
	}
	return out
}

// place puts a post among its neighbours, in the order of the stream, and
// returns its template, if others have it, and the features that follow. A
// post that was placed before changes nothing. The features are put into the
// map.
func (n *neighbours) place(p *veghe.Post, d *draft, features map[string]float64) *veghe.Cluster {
	n.manner(p, features)
	m := cluster.Member{ID: p.ID, Source: p.Source, Author: p.Author, Contacts: reachable(p, d.Contacts), At: p.Written()}
	if place := strings.TrimSpace(p.Place); place != "" {
		m.Places = append(m.Places, strings.ToLower(place))
	}
	var spread cluster.Spread
	if d.sketch != nil {
		spread = n.Templates.Add(d.sketch, m)
		n.sketches.Put(d.sketch)
		d.sketch = nil
	}
	if len(m.Contacts) > 0 {
		r := n.Contacts.Add(m, spread.ID)
		features["contact_people"], features["contact_places"] = float64(r.People), float64(r.Places)
		features["contact_templates"] = float64(r.Templates)
	}
	if spread.Differs() {
		features["template_posts"], features["template_places"] = float64(spread.Posts), float64(spread.Places)
		features["template_contacts"], features["template_sources"] = float64(spread.Contacts), float64(spread.Sources)
		features["template_burst"] = float64(spread.Burst)
	}
	if spread.Posts == 0 {
		return nil
	}
	return &veghe.Cluster{ID: spread.ID, Size: spread.Posts}
}

// manner is how the author of a post in a conversation writes lately.
func (n *neighbours) manner(p *veghe.Post, features map[string]float64) {
	if p.Author == "" || p.Thread == "" || p.Kind == veghe.Ad {
		return
	}
	m := n.Voices.Add(p.Source, p.Author, p.Thread, p.ID, strings.Contains(p.Text, "?") || strings.Contains(p.Text, "？"))
	features["recipients"] = float64(m.Threads)
	if m.Questions >= 0 {
		features["question_share"] = m.Questions
	}
}

// SaveNeighbours writes what is remembered about templates and contacts, so
// that it outlives the process. A stateless engine writes nothing.
func (e *Engine) SaveNeighbours(w io.Writer) error {
	if e.near == nil {
		return nil
	}
	return e.near.Save(w)
}

// LoadNeighbours takes back what SaveNeighbours wrote. An error leaves the
// memory as it was; see cluster.ErrSnapshot.
func (e *Engine) LoadNeighbours(r io.Reader) error {
	if e.near == nil {
		return nil
	}
	return e.near.Load(r)
}
