package archive

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

const box = `From ana@example.org Mon Nov  2 08:00:00 2026
From: Ana <ana@example.org>
Subject: =?iso-8859-2?Q?Ma=BAin=E3_de_v=E2nzare?=
Message-ID: <1@example.org>
Date: Mon, 2 Nov 2026 10:00:00 +0200
Archived-At: <https://lists.example.org/1>
Content-Type: text/plain; charset=windows-1250
Content-Transfer-Encoding: quoted-printable

V=E2nd ma=BAin=E3.
>From aici se ia.
From unde? (nu e un antet)

From ion@example.org Mon Nov  2 09:00:00 2026
From: ion at example.org (Ion)
Subject: Re: masina
Message-ID: <2@example.org>
In-Reply-To: <1@example.org>

On Mon, 2 Nov 2026, Ana <ana@example.org> wrote:
> Vand masina.
>> mai vechi
Cat costa?

-- 
Ion, 07xx 000 000

From zoe@example.org Mon Nov  2 09:30:00 2026
From: "Zoe" <ZOE@example.org>
Subject: Re: masina
Message-ID: <3@example.org>
In-Reply-To: <2@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: multipart/alternative; boundary=C

--C
Content-Type: text/html

<p>nu acesta</p>
--C
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

w45pIHBs
YWNlLg==
--C--
--B
Content-Type: image/jpeg
Content-Disposition: attachment; filename=a.jpg

xx
--B--

From web@example.org Mon Nov  2 09:40:00 2026
From: web@example.org
References: <1@example.org> <3@example.org>
Content-Type: text/html; charset=utf-8

<p>Doar HTML</p><blockquote>citat</blockquote>

From empty@example.org Mon Nov  2 09:50:00 2026
From: empty@example.org

From broken@example.org Mon Nov  2 09:50:00 2026
this is no header

text
`

func TestMailbox(t *testing.T) {
	r, err := Open("x.mbox", "", strings.NewReader(box), options())
	if err != nil {
		t.Fatal(err)
	}
	type message struct {
		Author, Title, Text, Thread, URL string
		ReplyTo                          veghe.PostID
		Quotes                           []veghe.Quote
		Posted                           time.Time
	}
	id := func(n string) veghe.PostID { return veghe.NativeID("src", n+"@example.org") }
	var got []message
	var bad []string
	for {
		rec, err := r.Next(false)
		if err != nil {
			break
		}
		if rec.Err != nil {
			bad = append(bad, rec.Where+": "+rec.Err.Error())
		}
		for _, p := range rec.Posts {
			got = append(got, message{string(p.Author), p.Title, p.Text, string(p.Thread), p.URL, p.ReplyTo, p.Quotes, p.PostedAt})
		}
	}
	at := func(h, m int) time.Time { return time.Date(2026, 11, 2, h, m, 0, 0, time.UTC) }
	want := []message{
		{"ana@example.org", "Maşină de vânzare", "Vând maşină.\nFrom aici se ia.\nFrom unde? (nu e un antet)", "1@example.org", "https://lists.example.org/1", "", nil, at(8, 0)},
		{"ion@example.org", "", "Cat costa?", "1@example.org", "", id("1"), []veghe.Quote{
			{Author: "ana@example.org", Text: "Vand masina.\n> mai vechi"}, {Text: "Ion, 07xx 000 000"},
		}, at(9, 0)},
		{"zoe@example.org", "", "Îi place.", "1@example.org", "", id("2"), nil, at(9, 30)},
		{"web@example.org", "", "Doar HTML", "1@example.org", "", id("3"), []veghe.Quote{{Text: "citat"}}, at(9, 40)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{": message 6: the header of the message cannot be read"}, bad); d != "" {
		t.Error(d)
	}
}

func TestQuotesApart(t *testing.T) {
	for _, c := range []struct {
		name, in, own string
		quotes        []string
	}{
		{"none", "a\nb", "a\nb", nil},
		{"a reply below", "> unu\n> doi\n\nda", "da", []string{"unu\ndoi"}},
		{"a reply between", "> unu\nda\n> doi\nnu", "da\nnu", []string{"unu", "doi"}},
		{"who wrote goes too", "salut\n\nPe 2 nov. 2026, Ana a scris:\n\n> unu", "salut", []string{"unu"}},
		{"who wrote on two lines", "On Mon, 2 Nov 2026, Ana Pop\n<ana@example.org> wrote:\n> unu", "", []string{"unu"}},
		{"the message below", "da\n\n-----Original Message-----\nFrom: Ana\n\nunu", "da", []string{"From: Ana\n\nunu"}},
		{"in Romanian", "da\n----- Mesaj original -----\nunu", "da", []string{"unu"}},
		{"a signature", "da\n-- \nAna", "da", []string{"Ana"}},
		{"dashes in a list", "da\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9", "da\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9", nil},
		{"an arrow is no quote", "a -> b\n=> c", "a -> b\n=> c", nil},
	} {
		own, quotes := splitQuoted(c.in)
		var got []string
		for _, q := range quotes {
			got = append(got, q.Text)
		}
		if own != c.own || !cmp.Equal(got, c.quotes) {
			t.Errorf("%s: own %q, quotes %q; want %q, %q", c.name, own, got, c.own, c.quotes)
		}
	}
}

func TestUnflow(t *testing.T) {
	for _, c := range []struct {
		in, want string
		delSp    bool
	}{
		{"o linie \nrupta\nalta", "o linie rupta\nalta", false},
		{"cu \nvant", "cuvant", true},
		{"> un \n> citat\nal meu", "> un citat\nal meu", false},
		{"> un \nal meu", "> un \nal meu", false},
		{"da\n-- \nAna", "da\n-- \nAna", false},
		{" From aici", "From aici", false},
	} {
		if got := unflow(c.in, c.delSp); got != c.want {
			t.Errorf("unflow(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
