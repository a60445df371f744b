#!/usr/bin/env python3
"""Puts invented texts into a Spirit forum, and changes them.

texts.py seed      4 topics, 61 posts; prints each text on a line
texts.py change    edits a post, deletes one in the middle of a long topic,
                   deletes a whole topic, and adds a post
"""

import os
import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from spirit.category.models import Category  # noqa: E402
from spirit.comment.models import Comment  # noqa: E402
from spirit.topic.models import Topic  # noqa: E402

TELLING = "Plecare maine in Italia, fara contract, pasaportul il tinem noi pana achiti drumul, se scade din salariu."


def say(topic, user, text):
    Comment.objects.create(user=user, topic=topic, comment=text, comment_html=f"<p>{text}</p>")
    print(text)


def seed():
    users = [get_user_model().objects.create_user(n, f"{n}@example.org", "not used") for n in ("ana", "dan", "ion")]
    category = Category.objects.create(title="Munca in strainatate")
    for t, n in enumerate((45, 14, 1, 1)):
        topic = Topic.objects.create(user=users[0], category=category, title=f"Intrebare {t}")
        for i in range(n):
            say(topic, users[i % 3], TELLING if (t, i) == (2, 0) else f"raspuns {t}-{i}, despre drum și cazare")


def change():
    def one(start):
        return Comment.objects.get(comment__startswith=start)

    edited = one("raspuns 1-3,")
    edited.comment, edited.comment_html = "raspuns 1-3 schimbat", "<p>raspuns 1-3 schimbat</p>"
    edited.save()
    one("raspuns 0-7,").delete()
    Topic.objects.get(title="Intrebare 2").delete()
    say(Topic.objects.get(title="Intrebare 3"), get_user_model().objects.get(username="dan"), "raspuns 3-1, mai tarziu")


{"seed": seed, "change": change}[sys.argv[1]]()
