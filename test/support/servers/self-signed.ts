import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The files of a self-signed certificate for 127.0.0.1. */
export interface SelfSigned extends AsyncDisposable {
  readonly key: string;
  readonly cert: string;
}

export async function makeCertificate(openssl: string): Promise<SelfSigned> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-tls-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
  await promisify(execFile)(openssl, [...request, ...subject]);
  return { key, cert, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
