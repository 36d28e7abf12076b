import { execFileSync } from 'node:child_process';

/** A document as parsed by Python, which rejects anything that is not well-formed. */
export interface Element {
  /** `{namespace}name`. */
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  /** The text between its tags, without child elements. */
  text: string;
}

/** Throws if the text is not XML. */
export function parseXml(python: string, text: string): Element {
  return JSON.parse(
    execFileSync(python, ['-c', script], { input: text, encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 }),
  ) as Element;
}

const script = `
import json, sys
import xml.etree.ElementTree as tree
def plain(one):
    text = (one.text or '') + ''.join(child.tail or '' for child in one)
    return {'name': one.tag, 'attributes': one.attrib, 'children': [plain(child) for child in one], 'text': text}
print(json.dumps(plain(tree.fromstring(sys.stdin.buffer.read()))))
`;
