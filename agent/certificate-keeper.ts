// The port to whoever keeps the certificate and key by which the device proves itself to the broker.

export interface CertificateLife {
  /** Milliseconds since 1970, as the certificate has them. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Both PEM. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

export interface CertificateKeeper {
  /**
   * What the next connection shows: the newest pair, and after failures in a row now and then an older one. `provisioned`:
   * what the files of the settings hold now; undefined when they cannot be read. Undefined when there is no pair at all.
   */
  choose(provisioned: CertificatePair | undefined): CertificatePair | undefined
  /** The broker took what was chosen last; what came before the newest is taken away once the newest was taken. Never throws. */
  proved(): Promise<void>
  /** Of what was chosen last. */
  life(): CertificateLife | undefined
  /** A new key, kept in memory, and the request for it (PKCS #10, DER). Throws what a generator of keys throws. */
  request(): Promise<Uint8Array>
  /**
   * Durable when it resolves: the certificate (X.509, DER) with the key of the last request is the newest pair. After a power
   * cut it is there whole or not at all, and what was chosen last is there in any case. Throws CertificateUnfit,
   * StorageWriteFailed.
   */
  keep(certificate: Uint8Array): Promise<void>
}
