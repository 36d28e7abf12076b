#!/usr/bin/python3
"""Follows a live channel in the terminal over Socket.IO. Install: apt-get install python3-socketio python3-websocket

    ./reader.py http://127.0.0.1:4000 moon-landing --state moon-landing.json

It saves its posts and its cursor in the file. Stop it and start it again after an hour or a month, and it shows what changed since,
each post once, and highlights corrections of what it showed before. For a channel that requires a token, set PRESSBOX_TOKEN. Comments
mark where it follows the rules that Pressbox has for clients.
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
    """The state of the channel as of `offset`: its posts, without a gap from `floor` up."""

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

    def apply_catch_up(self, answer):
        """Returns the changes: pairs of the post before the change (or None) and after it."""
        if answer['mode'] == 'snapshot':
            return self._start_from(answer)
        changes = []
        if answer['covers']['after'] <= self.offset <= answer['covers']['to']:
            changes = [change for event in answer['events'] if event['offset'] > self.offset for change in self._apply(event)]
            # After a catch-up the offset is covers.to, even if the last event has a lower one.
            self.offset, self.cursor = answer['covers']['to'], answer['cursor']
        return changes

    def fits(self, event):
        return event['from'] <= self.offset + 1 <= event['offset']

    def apply_event(self, event):
        changes = self._apply(event)
        # An event of an unknown type changes nothing, but its cursor is kept.
        self.offset, self.cursor = event['offset'], event['cursor']
        return changes

    def _start_from(self, answer):
        """A snapshot replaces everything, including the remembered revisions."""
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
        # Goes by the post id and not by the type: the first event for a post may be a revision. The higher revision wins.
        post, before = event['post'], self.posts.get(event['post']['id'])
        if post['revision'] < self.heard.get(post['id'], 0):
            return []
        self.heard.pop(post['id'], None)
        self.heard[post['id']] = post['revision']
        if len(self.heard) > MOST_REMEMBERED:
            del self.heard[next(iter(self.heard))]
        # Below the oldest post held, posts may be missing. Inserting this post there would hide the gap.
        if before is None and post['seq'] < self.floor:
            return []
        self.posts[post['id']] = post
        if len(self.posts) > MOST_POSTS:
            oldest = min(self.posts.values(), key=lambda held: held['seq'])
            self.floor = oldest['seq'] + 1
            del self.posts[oldest['id']]
        return [(before, post)]


class Ended(Exception):
    """The reader stops for good."""


class Retry(Exception):
    """Reconnect, after at least this many seconds."""

    def __init__(self, at_least=0.0, failed=True):
        super().__init__()
        self.at_least, self.failed = at_least, failed


class Reader:
    def __init__(self, options):
        self.options = options
        self.timeline = Timeline(load_state(options.state))
        self.token = os.environ.get('PRESSBOX_TOKEN')
        if self.timeline.channel is not None:
            show_channel(self.timeline.channel, f'{len(self.timeline.posts)} saved posts')

    def run(self):
        failures = 0
        while True:
            began = time.monotonic()
            try:
                self.follow()
            except Retry as retry:
                failures = failures + 1 if retry.failed and time.monotonic() - began < DIAL_SECONDS else 0
                # The delay is random, so that clients that lost a server together do not reconnect together.
                time.sleep(retry.at_least + random.random() * min(LONGEST_PAUSE_SECONDS, 2 ** failures))

    def follow(self):
        """Runs one connection until it ends."""
        messages = queue.Queue()
        # The library runs each listener in its own thread, so messages could be handled out of order. The queue handles them one
        # by one.
        client = socketio.Client(reconnection=False, handle_sigint=False)
        for name in ('event', 'store', 'unsubscribed', 'drain', 'connect_error'):
            client.on(name, lambda data=None, name=name: messages.put((name, data)))
        client.on('disconnect', lambda *_reason: messages.put(('disconnect', None)))
        self.dial(client, messages)
        try:
            Session(self, client, messages).run()
        finally:
            client.disconnect()

    def dial(self, client, messages):
        # The server supports only WebSocket. A server below a path has its sockets below that path too.
        path = urllib.parse.urlsplit(self.options.url).path.strip('/')
        try:
            client.connect(self.options.url, transports=['websocket'], socketio_path=f'{path}/socket.io'.lstrip('/'),
                         auth={'token': self.token} if self.token else None, wait_timeout=DIAL_SECONDS)
        except socketio.exceptions.ConnectionError:
            while not messages.empty():
                name, data = messages.get()
                if name == 'connect_error' and isinstance(data, dict) and 'data' in data:
                    raise retry_or_stop(data['data'])
            raise Retry()

    def save(self):
        if self.options.state is None:
            return
        draft = f'{self.options.state}.draft'
        with open(draft, 'w', encoding='utf-8') as file:
            json.dump(self.timeline.as_json(), file)
        os.replace(draft, self.options.state)

    def forget(self):
        """Deletes the saved posts of a channel that was deleted or may no longer be read."""
        if self.options.state is not None and os.path.exists(self.options.state):
            os.remove(self.options.state)


class Session:
    """Handles the messages of one connection."""

    def __init__(self, reader, client, messages):
        self.reader, self.timeline, self.client, self.messages = reader, reader.timeline, client, messages
        self.latest_request = 0
        self.answer_until = None
        self.early = []
        self.leave_at = None

    def run(self):
        self.subscribe()
        while True:
            waits_until = [at for at in (self.answer_until, self.leave_at) if at is not None]
            try:
                name, data = self.messages.get(timeout=max(0.0, min(waits_until) - time.monotonic()) if waits_until else None)
                self.on_message(name, data)
            except queue.Empty:
                # After `drain`, each client disconnects at a random moment. Otherwise a connection without messages is dead.
                raise Retry(failed=self.leave_at is None)
            if self.messages.empty():
                self.reader.save()

    def subscribe(self):
        """Subscribes. A second subscribe replaces the first."""
        self.latest_request += 1
        number = self.latest_request
        self.answer_until = time.monotonic() + ANSWER_SECONDS
        request = {'channelId': self.reader.options.channel, 'after': self.timeline.cursor, 'limit': self.reader.options.limit}
        try:
            self.client.emit('subscribe', {name: value for name, value in request.items() if value is not None},
                             callback=lambda answer: self.messages.put(('answer', (number, answer))))
        except socketio.exceptions.SocketIOError:
            # The connection is lost, and the `disconnect` message is still in the queue.
            raise Retry()

    def on_message(self, name, data):
        if name == 'answer':
            number, answer = data
            if number == self.latest_request:
                self.on_answer(answer)
        elif name == 'event' and data['channelId'] == self.reader.options.channel:
            self.on_event(data)
        elif name == 'store':
            say('The server cannot reach its store: this may be out of date.' if not data['reachable'] else 'Up to date again.')
        elif name == 'unsubscribed' and data['channelId'] == self.reader.options.channel:
            if data['reason'] in ('expired', 'revoked', 'forbidden', 'gone'):
                # After an expiry the saved state is kept, so that a new token continues from it.
                if data['reason'] != 'expired':
                    self.reader.forget()
                raise Ended(f'The subscription has ended: {data["reason"]}.')
            # The reader was too slow, the history was replaced, or the reason is unknown to this version.
            self.subscribe()
        elif name == 'drain':
            self.leave_at = time.monotonic() + random.random() * data['withinMs'] / 1_000
        elif name == 'disconnect':
            raise Retry()

    def on_answer(self, answer):
        if not answer['ok']:
            if answer['problem']['code'] != 'invalid-cursor':
                end = retry_or_stop(answer['problem'])
                if isinstance(end, Ended):
                    self.reader.forget()
                raise end
            # The server did not issue this cursor: start without one.
            self.timeline.cursor = None
            return self.subscribe()
        if answer['mode'] == 'snapshot':
            if answer['reset']:
                say('The channel has another history now. Its current state:')
            show_channel(answer['snapshot']['channel'])
        before = self.timeline.offset
        self.show(self.timeline.apply_catch_up(answer))
        if answer['more']:
            if answer['mode'] == 'replay' and self.timeline.offset == before:
                raise Retry()
            return self.subscribe()
        self.answer_until = None
        early, self.early = sorted(self.early, key=lambda event: event['offset']), []
        for event in early:
            self.on_event(event)

    def on_event(self, event):
        if self.answer_until is not None:
            # The event may have overtaken the answer.
            self.early.append(event)
        elif self.timeline.fits(event):
            before = self.timeline.channel
            self.show(self.timeline.apply_event(event))
            if any(self.timeline.channel[field] != before[field] for field in ('headline', 'state')):
                show_channel(self.timeline.channel)
        elif event['offset'] > self.timeline.offset:
            # The events before this one are missing.
            self.subscribe()

    def show(self, changes):
        for before, post in changes:
            show_post(before, post)


def retry_or_stop(problem):
    """Retries if the problem or its status says that a retry can help. Otherwise the reader stops."""
    wait = problem.get('retryAfter')
    if wait is not None or problem['status'] == 429 or problem['status'] >= 500:
        return Retry(at_least=wait or 0)
    return Ended(problem.get('detail') or problem['title'])


def load_state(path):
    """The saved state. A file that a power cut left broken is ignored, because the server has everything."""
    if path is None or not os.path.exists(path):
        return None
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except ValueError:
        return None


# ---- Output

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
    """Prints a post with the changes that are new to the reader. Refiles are not announced."""
    if post['status'] != 'published':
        note = next((change['note'] for change in reversed(post['history']) if change['note']), None)
        if before is not None and before['status'] == 'published':
            print(bold(f'{clock(post["updatedAt"])} WITHDRAWN'), f'the post of {clock(post["publishedAt"])}', flush=True)
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
        # An unknown kind is read as an update.
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
    """Removes characters that could move the terminal cursor or change the writing direction."""
    return ''.join(char for char in text if char.isprintable() or char in '\n\t\u00a0\u200c\u200d')


def text_of(markup):
    """The text of a post's html, which uses only a few tags."""
    words = []
    parser = html.parser.HTMLParser()
    parser.handle_data = words.append
    parser.handle_starttag = lambda tag, _attributes: words.append('- ' if tag == 'li' else '\n' if tag == 'br' else '')
    parser.handle_endtag = lambda tag: words.append('\n' if tag in ('p', 'li', 'pre', 'h3', 'h4', 'tr') else ' ' if tag == 'td' else '')
    parser.feed(markup)
    parser.close()
    return plain(''.join(words)).strip()


def main():
    parser = argparse.ArgumentParser(description='Follows a live channel of Pressbox in the terminal.')
    parser.add_argument('url', help='the server, such as http://127.0.0.1:4000')
    parser.add_argument('channel', help='the id of the channel')
    parser.add_argument('--state', metavar='FILE', help='the file that saves posts and cursor, to continue from them')
    parser.add_argument('--limit', type=int, default=20, help='the number of posts to begin with, 1 to 100 (default 20)')
    try:
        Reader(parser.parse_args()).run()
    except Ended as ended:
        say(str(ended))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == '__main__':
    main()
