#!/bin/sh
# A signer for drover --signer that signs with a key file by openssl: the smallest one there is, to read and to begin with.
# Ed25519 and P-256; a passphrase is asked for by openssl, at the terminal. Needs openssl 3, sed and mktemp.
#
#   openssl genpkey -algorithm ed25519 -out release.pem
#   drover artifact create … --signer './signer-openssl.sh release.pem'
set -eu
key=${1:?the file of the private key, PEM}

read -r request
# A member of the request; all that are asked for here are base64 or fixed words.
member() { printf '%s' "$request" | sed -n 's/.*[{,]"'"$1"'":"\{0,1\}\([A-Za-z0-9+/=-]*\).*/\1/p'; }
refuse() {
  printf '{"version":1,"error":"%s"}\n' "$1"
  exit 1
}

[ "$(member version)" = 1 ] || refuse 'this signer knows version 1 of the contract'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP

case $(member request) in
public-key)
  openssl pkey -in "$key" -pubout -outform DER -out "$folder/public"
  printf '{"version":1,"publicKey":"%s"}\n' "$(openssl base64 -A -in "$folder/public")"
  ;;
sign)
  case $(member algorithm) in
  ed25519) # Signs the message itself.
    member message | openssl base64 -d -A -out "$folder/message"
    openssl pkeyutl -sign -inkey "$key" -rawin -in "$folder/message" -out "$folder/signature"
    ;;
  ecdsa-p256-sha256) # Signs the digest, which is given; the signature is in DER.
    member digest | openssl base64 -d -A -out "$folder/digest"
    openssl pkeyutl -sign -inkey "$key" -in "$folder/digest" -out "$folder/signature"
    ;;
  *) refuse 'this signer knows Ed25519 and P-256' ;;
  esac
  printf '{"version":1,"signature":"%s"}\n' "$(openssl base64 -A -in "$folder/signature")"
  ;;
*) refuse 'this signer knows public-key and sign' ;;
esac
