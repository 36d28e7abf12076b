#!/usr/bin/python3
"""Reads a live channel in the terminal, over Socket.IO, with what Debian has: apt-get install python3-socketio python3-websocket

    ./reader.py http://127.0.0.1:4000 moon-landing --state moon-landing.json

What it holds, and the cursor up to which that is true, are kept in the file. Stop it, start it again after an hour or a month, and it
shows what changed since, each thing once; corrections of what it showed before stand out. For a channel that needs one, the token is
taken from PRESSBOX_TOKEN. It follows the rules that Pressbox has for clients; where one of them is followed, a comment says so.
"""

import argparse
import html.parser
import json
import os
import queue
import random
import sys
import time
import urllib.parse

import socketio

DIAL_SECONDS = 10
ANSWER_SECONDS = 30
LONGEST_PAUSE_SECONDS = 30
MOST_POSTS = 1_000
MOST_REMEMBERED = 10_000


class Timeline:
    """What is held of the channel: posts without a hole from `floor` up, as of `offset`."""

    def __init__(self, saved=None):
        saved = saved or {}
        self.cursor = saved.get('cursor')
        self.offset = saved.get('offset', 0)
        self.floor = saved.get('floor', 0)
        self.channel = saved.get('channel')
        self.posts = {post['id']: post for post in saved.get('posts', [])}
        self.heard = saved.get('heard', {})

    def as_json(self):
        newest_first = sorted(self.posts.values(), key=lambda post: -post['seq'])
        return {'cursor': self.cursor, 'offset': self.offset, 'floor': self.floor, 'channel': self.channel,
                'posts': newest_first, 'heard': self.heard}

    def take_catch_up(self, answer):
        """Gives what changed: pairs of the post as it was (or None) and as it is."""
        if answer['mode'] == 'snapshot':
            return self._start_from(answer)
        changes = []
        if answer['covers']['after'] <= self.offset <= answer['covers']['to']:
            changes = [change for event in answer['events'] if event['offset'] > self.offset for change in self._apply(event)]
            # The offset after a catch-up is what it covers, whatever its last event was.
            self.offset, self.cursor = answer['covers']['to'], answer['cursor']
        return changes

    def fits(self, event):
        return event['from'] <= self.offset + 1 <= event['offset']

    def take_event(self, event):
        changes = self._apply(event)
        # A type that is not known is skipped, but its cursor counts.
        self.offset, self.cursor = event['offset'], event['cursor']
        return changes

    def _start_from(self, answer):
        """A snapshot replaces all that was held, and all that was remembered."""
        snapshot = answer['snapshot']
        self.__init__()
        self.offset, self.cursor, self.channel = answer['covers']['to'], answer['cursor'], snapshot['channel']
        for post in reversed(snapshot['posts']):
            self.posts[post['id']] = post
            self.heard[post['id']] = post['revision']
        seqs = [post['seq'] for post in snapshot['posts']]
        self.floor = min(seqs, default=self.offset + 1) if snapshot['more'] else 0
        return [(None, post) for post in self.posts.values()]

    def _apply(self, event):
        if event['type'] == 'channel.changed':
            if event['channel']['revision'] >= self.channel['revision']:
                self.channel = event['channel']
            return []
        if not event['type'].startswith('post.') or 'post' not in event:
            return []
        # By the post's id, whatever the type: a post never seen may arrive as revised. The higher revision wins.
        post, before = event['post'], self.posts.get(event['post']['id'])
        if post['revision'] < self.heard.get(post['id'], 0):
            return []
        self.heard.pop(post['id'], None)
        self.heard[post['id']] = post['revision']
        if len(self.heard) > MOST_REMEMBERED:
            del self.heard[next(iter(self.heard))]
        # Below the oldest that is held there may be others that are not: inserted there, it would hide the hole.
        if before is None and post['seq'] < self.floor:
            return []
        self.posts[post['id']] = post
        if len(self.posts) > MOST_POSTS:
            oldest = min(self.posts.values(), key=lambda held: held['seq'])
            self.floor = oldest['seq'] + 1
            del self.posts[oldest['id']]
        return [(before, post)]


class Ended(Exception):
    """It will not go on by itself."""


class Again(Exception):
    """The connection is to be made anew, no sooner than after so many seconds."""

    def __init__(self, at_least=0.0, failed=True):
        super().__init__()
        self.at_least, self.failed = at_least, failed


class Reader:
    def __init__(self, options):
        self.options = options
        self.timeline = Timeline(restored(options.state))
        self.token = os.environ.get('PRESSBOX_TOKEN')
        if self.timeline.channel is not None:
            show_channel(self.timeline.channel, f'{len(self.timeline.posts)} posts held from before')

    def run(self):
        failures = 0
        while True:
            began = time.monotonic()
            try:
                self.follow()
            except Again as again:
                failures = failures + 1 if again.failed and time.monotonic() - began < DIAL_SECONDS else 0
                # A crowd that lost one server at one moment must not come back at one moment.
                time.sleep(again.at_least + random.random() * min(LONGEST_PAUSE_SECONDS, 2 ** failures))

    def follow(self):
        """One connection, from its first moment to its last."""
        said = queue.Queue()
        # The library runs a thread for each message, so that two may swap: they are taken up here, one after the other.
        link = socketio.Client(reconnection=False, handle_sigint=False)
        for name in ('event', 'store', 'unsubscribed', 'drain', 'connect_error'):
            link.on(name, lambda data=None, name=name: said.put((name, data)))
        link.on('disconnect', lambda *_reason: said.put(('disconnect', None)))
        self.dial(link, said)
        try:
            Conversation(self, link, said).hold()
        finally:
            link.disconnect()

    def dial(self, link, said):
        # Only WebSocket is served. A server below a path has its sockets below it too.
        path = urllib.parse.urlsplit(self.options.url).path.strip('/')
        try:
            link.connect(self.options.url, transports=['websocket'], socketio_path=f'{path}/socket.io'.lstrip('/'),
                         auth={'token': self.token} if self.token else None, wait_timeout=DIAL_SECONDS)
        except socketio.exceptions.ConnectionError:
            while not said.empty():
                name, data = said.get()
                if name == 'connect_error' and isinstance(data, dict) and 'data' in data:
                    raise give_up_or_wait(data['data'])
            raise Again()

    def keep(self):
        if self.options.state is None:
            return
        draft = f'{self.options.state}.draft'
        with open(draft, 'w', encoding='utf-8') as file:
            json.dump(self.timeline.as_json(), file)
        os.replace(draft, self.options.state)

    def forget(self):
        """What was deleted, or is for others now, is kept nowhere."""
        if self.options.state is not None and os.path.exists(self.options.state):
            os.remove(self.options.state)


class Conversation:
    """What is said on one connection."""

    def __init__(self, reader, link, said):
        self.reader, self.timeline, self.link, self.said = reader, reader.timeline, link, said
        self.asked = 0
        self.asks_until = None
        self.early = []
        self.leaves_at = None

    def hold(self):
        self.subscribe()
        while True:
            waits_until = [at for at in (self.asks_until, self.leaves_at) if at is not None]
            try:
                name, data = self.said.get(timeout=max(0.0, min(waits_until) - time.monotonic()) if waits_until else None)
                self.hear(name, data)
            except queue.Empty:
                # On `drain` everyone leaves at a moment of their own. With no answer the link is dead.
                raise Again(failed=self.leaves_at is None)
            if self.said.empty():
                self.reader.keep()

    def subscribe(self):
        """Also while subscribed: a second subscription replaces the first."""
        self.asked += 1
        number = self.asked
        self.asks_until = time.monotonic() + ANSWER_SECONDS
        request = {'channelId': self.reader.options.channel, 'after': self.timeline.cursor, 'limit': self.reader.options.limit}
        try:
            self.link.emit('subscribe', {name: value for name, value in request.items() if value is not None},
                           callback=lambda answer: self.said.put(('answer', (number, answer))))
        except socketio.exceptions.SocketIOError:
            # The connection went while this was on its way here, and the word of that is still in the queue.
            raise Again()

    def hear(self, name, data):
        if name == 'answer':
            number, answer = data
            if number == self.asked:
                self.hear_answer(answer)
        elif name == 'event' and data['channelId'] == self.reader.options.channel:
            self.hear_event(data)
        elif name == 'store':
            say('The server is out of reach of its store: this may be old.' if not data['reachable'] else 'Up to date again.')
        elif name == 'unsubscribed' and data['channelId'] == self.reader.options.channel:
            if data['reason'] in ('expired', 'revoked', 'forbidden', 'gone'):
                # With a fresh token it goes on from here.
                if data['reason'] != 'expired':
                    self.reader.forget()
                raise Ended(f'The subscription has ended: {data["reason"]}.')
            # Too slow, or the history was replaced, or something that a later version says.
            self.subscribe()
        elif name == 'drain':
            self.leaves_at = time.monotonic() + random.random() * data['withinMs'] / 1_000
        elif name == 'disconnect':
            raise Again()

    def hear_answer(self, answer):
        if not answer['ok']:
            if answer['problem']['code'] != 'invalid-cursor':
                end = give_up_or_wait(answer['problem'])
                if isinstance(end, Ended):
                    self.reader.forget()
                raise end
            # None that this server gave out: begin anew.
            self.timeline.cursor = None
            return self.subscribe()
        if answer['mode'] == 'snapshot':
            if answer['reset']:
                say('The channel has another history now. This is how it is:')
            show_channel(answer['snapshot']['channel'])
        before = self.timeline.offset
        self.show(self.timeline.take_catch_up(answer))
        if answer['more']:
            if answer['mode'] == 'replay' and self.timeline.offset == before:
                raise Again()
            return self.subscribe()
        self.asks_until = None
        early, self.early = sorted(self.early, key=lambda event: event['offset']), []
        for event in early:
            self.hear_event(event)

    def hear_event(self, event):
        if self.asks_until is not None:
            # It may have overtaken the answer on its way here.
            self.early.append(event)
        elif self.timeline.fits(event):
            before = self.timeline.channel
            self.show(self.timeline.take_event(event))
            if any(self.timeline.channel[field] != before[field] for field in ('headline', 'state')):
                show_channel(self.timeline.channel)
        elif event['offset'] > self.timeline.offset:
            # Something before it is missing.
            self.subscribe()

    def show(self, changes):
        for before, post in changes:
            show_post(before, post)


def give_up_or_wait(problem):
    """Whether a refusal passes by itself: the problem says so, or its status does."""
    wait = problem.get('retryAfter')
    if wait is not None or problem['status'] == 429 or problem['status'] >= 500:
        return Again(at_least=wait or 0)
    return Ended(problem.get('detail') or problem['title'])


def restored(path):
    """What was kept: a copy of what the server has, so that one which a power cut left broken is none."""
    if path is None or not os.path.exists(path):
        return None
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except ValueError:
        return None


# ---- What stands in the terminal

def show_channel(channel, more=None):
    print(f'\n{bold(plain(channel["headline"]))} · {channel["state"]}{f" · {more}" if more else ""}')
    show_changes(corrections_of(channel))
    print(flush=True)


def corrections_of(shown):
    return [change for change in shown['history'] if change['kind'] in ('correction', 'clarification')]


def show_changes(changes):
    for change in changes:
        print(bold(f'{clock(change["at"])} {change["kind"].upper()}'), plain(change['note'] or ''))


def show_post(before, post):
    """A correction says what it corrects. A slip that was mended is not worth a word."""
    if post['status'] != 'published':
        note = next((change['note'] for change in reversed(post['history']) if change['note']), None)
        if before is not None and before['status'] == 'published':
            print(bold(f'{clock(post["updatedAt"])} WITHDRAWN'), f'what was said at {clock(post["publishedAt"])}', flush=True)
            print(f'  {plain(note)}\n' if note else '', flush=True)
        return
    if before is None:
        news = corrections_of(post)
    else:
        news = [change for change in post['history'] if change['revision'] > before['revision'] and change['kind'] != 'refile']
        if not news:
            return
    show_changes(news)
    marks = [word for word, is_so in (
        # A kind that is not known reads as an update.
        (post['kind'].upper(), post['kind'] in ('breaking', 'summary')),
        (f'[{post["verification"]}]', post['verification'] in ('unverified', 'disputed')),
        ('[corrected]', any(change['kind'] == 'correction' for change in post['history']))) if is_so]
    print(bold(' '.join([clock(post['publishedAt']), *marks, plain(post['headline'] or '')]).strip()))
    print(''.join(f'  {line}\n' for line in text_of(post['html']).splitlines()), flush=True)


def clock(time_of_day):
    return time_of_day[11:16]


def bold(text):
    return f'\x1b[1m{text}\x1b[0m' if sys.stdout.isatty() else text


def say(text):
    print(f'-- {text}', file=sys.stderr, flush=True)


def plain(text):
    """Control characters could move the cursor, and others turn the direction of writing: none of them is printed."""
    return ''.join(char for char in text if char.isprintable() or char in '\n\t\u00a0\u200c\u200d')


def text_of(markup):
    """The words of a post's html, in which only a few tags occur."""
    words = []
    parser = html.parser.HTMLParser()
    parser.handle_data = words.append
    parser.handle_starttag = lambda tag, _attributes: words.append('- ' if tag == 'li' else '\n' if tag == 'br' else '')
    parser.handle_endtag = lambda tag: words.append('\n' if tag in ('p', 'li', 'pre', 'h3', 'h4', 'tr') else ' ' if tag == 'td' else '')
    parser.feed(markup)
    parser.close()
    return plain(''.join(words)).strip()


def main():
    parser = argparse.ArgumentParser(description='Reads a live channel of Pressbox in the terminal.')
    parser.add_argument('url', help='the server, such as http://127.0.0.1:4000')
    parser.add_argument('channel', help='the id of the channel')
    parser.add_argument('--state', metavar='FILE', help='where to keep what is held, to go on from there')
    parser.add_argument('--limit', type=int, default=20, help='posts to begin with, 1 to 100 (20)')
    try:
        Reader(parser.parse_args()).run()
    except Ended as ended:
        say(str(ended))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == '__main__':
    main()
