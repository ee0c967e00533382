import { IsIn, IsOptional, IsString, IsUrl, Matches, ValidateBy, ValidateIf } from 'class-validator';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

type Applies = (config: KafkaConfig) => boolean;

const hasTls: Applies = config => config.KAFKA_SSL === 'on';
const hasClientCertificate: Applies = ({ KAFKA_SSL_CERT, KAFKA_SSL_CERT_KEY_FILE }) =>
  KAFKA_SSL_CERT !== undefined || KAFKA_SSL_CERT_KEY_FILE !== undefined;
const hasPassword: Applies = ({ KAFKA_SASL_MECHANISM: mechanism }) =>
  mechanism === 'plain' || mechanism === 'scram-sha-256' || mechanism === 'scram-sha-512';
const hasToken: Applies = config => config.KAFKA_SASL_MECHANISM === 'oauthbearer';

const ForTls = () => Checked((_, config) => hasTls(config), 'needs KAFKA_SSL=on');
const ForPassword = () => Checked((_, config) => hasPassword(config), 'needs a KAFKA_SASL_MECHANISM with a password');
const ForToken = () => Checked((_, config) => hasToken(config), 'needs KAFKA_SASL_MECHANISM=oauthbearer');

/** How to reach the brokers. Certificates and keys are paths of PEM files. */
export class KafkaConfig {
  @Matches(/^[^,\s]+:\d+(,[^,\s]+:\d+)*$/, { message: 'KAFKA_BROKERS must be host:port[,host:port...]' })
  KAFKA_BROKERS!: string;

  @IsIn(['off', 'on'])
  KAFKA_SSL: string = 'off';

  /** Who may have signed the brokers' certificates. Absent: the authorities that Node knows. */
  @IsOptional()
  @ForTls()
  @Checked(path => certificate(path), 'must be the path of a readable PEM file of certificates')
  KAFKA_SSL_CA?: string;

  /** The certificate and key that we show the brokers, for mutual TLS. */
  @RequiredIf(hasClientCertificate)
  @ForTls()
  @Checked(path => certificate(path), 'must be the path of a readable PEM file of certificates')
  KAFKA_SSL_CERT?: string;

  @RequiredIf(hasClientCertificate)
  @ForTls()
  @Checked(isKeyOfCertificate, 'must be the path of a readable PEM file, without passphrase: the key of KAFKA_SSL_CERT')
  KAFKA_SSL_CERT_KEY_FILE?: string;

  @IsOptional()
  @IsIn(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])
  KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';

  @RequiredIf(hasPassword)
  @ForPassword()
  @IsString()
  KAFKA_USERNAME?: string;

  @RequiredIf(hasPassword)
  @ForPassword()
  @IsString()
  KAFKA_PASSWORD?: string;

  /** Where access tokens are fetched from, with the client-credentials grant. */
  @RequiredIf(hasToken)
  @ForToken()
  @IsUrl(
    { protocols: ['https', 'http'], require_protocol: true, require_tld: false, disallow_auth: true },
    { message: 'KAFKA_OAUTH_TOKEN_URL must be an http(s) URL without credentials' },
  )
  KAFKA_OAUTH_TOKEN_URL?: string;

  @RequiredIf(hasToken)
  @ForToken()
  @IsString()
  KAFKA_OAUTH_CLIENT_ID?: string;

  @RequiredIf(hasToken)
  @ForToken()
  @IsString()
  KAFKA_OAUTH_CLIENT_SECRET?: string;

  @IsOptional()
  @ForToken()
  @IsString()
  KAFKA_OAUTH_SCOPE?: string;
}

function RequiredIf(applies: Applies): PropertyDecorator {
  return ValidateIf((config: KafkaConfig, value) => value !== undefined || applies(config));
}

/** A check that throws has failed. */
function Checked(check: (value: string, config: KafkaConfig) => unknown, message: string): PropertyDecorator {
  return ValidateBy({
    name: message,
    validator: {
      validate: (value, args) => {
        try {
          return Boolean(check(value as string, args?.object as KafkaConfig));
        } catch {
          return false;
        }
      },
      defaultMessage: args => `${args?.property} ${message}`,
    },
  });
}

function certificate(path: string): X509Certificate {
  return new X509Certificate(readFileSync(path));
}

function isKeyOfCertificate(path: string, config: KafkaConfig): boolean {
  const key = createPrivateKey(readFileSync(path));
  return !config.KAFKA_SSL_CERT || certificate(config.KAFKA_SSL_CERT).checkPrivateKey(key);
}
