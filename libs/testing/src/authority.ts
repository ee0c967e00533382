import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Identity {
  certificate: string;
  key: string;
  /** Key and certificate in one file. */
  both: string;
}

/** A certificate authority for one test, made with OpenSSL 3. */
export class Authority {
  readonly certificate: string;
  private readonly key: string;

  constructor(private readonly dir: string) {
    mkdirSync(dir, { recursive: true });
    ({ certificate: this.certificate, key: this.key } = this.make('authority'));
  }

  /** Signs a certificate for 127.0.0.1. */
  sign(name: string): Identity {
    return this.make(name, '-CA', this.certificate, '-CAkey', this.key, '-addext', 'subjectAltName=IP:127.0.0.1');
  }

  private make(name: string, ...options: string[]): Identity {
    const file = (suffix: string) => join(this.dir, `${name}${suffix}.pem`);
    const [certificate, key, both] = [file(''), file('-key'), file('-both')];
    const ellipticCurve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    const files = ['-out', certificate, '-keyout', key];
    execFileSync('openssl', ['req', '-x509', ...ellipticCurve, '-subj', `/CN=${name}`, ...files, ...options], {
      stdio: 'pipe',
    });
    writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
    return { certificate, key, both };
  }
}
