#!/bin/sh
# A signer for drover --signer that signs with a key in a PKCS#11 token: a smart card, a YubiHSM, the HSM of a cloud, SoftHSM.
# Ed25519 and P-256. Needs pkcs11-tool of OpenSC (0.23 or later), openssl 3, sed and mktemp.
#
#   pkcs11-tool --module "$PKCS11_MODULE" --login --keypairgen --key-type EC:prime256v1 --label release --id 01
#   drover keys show --signer './signer-pkcs11.sh 01' --try --out release.pub
#   drover artifact create … --signer './signer-pkcs11.sh 01'
#
# PKCS11_MODULE is the library of the token, PKCS11_TOKEN its label where there are several. The PIN is asked for at the
# terminal; where nobody sits, PKCS11_PIN has it.
set -eu
id=${1:?the id of the key in the token, hex}
module=${PKCS11_MODULE:?the library of the token, like /usr/lib/softhsm/libsofthsm2.so}

read -r request
# A member of the request; all that are asked for here are base64 or fixed words.
member() { printf '%s' "$request" | sed -n 's/.*[{,]"'"$1"'":"\{0,1\}\([A-Za-z0-9+/=-]*\).*/\1/p'; }
refuse() {
  printf '{"version":1,"error":"%s"}\n' "$1"
  exit 1
}
# Standard output belongs to the answer.
tool() { pkcs11-tool --module "$module" ${PKCS11_TOKEN:+--token-label "$PKCS11_TOKEN"} "$@" >&2; }
sign() {
  if [ -n "${PKCS11_PIN:-}" ]; then
    tool --login --pin env:PKCS11_PIN --sign --id "$id" "$@" --output-file "$folder/signature"
  else
    tool --login --sign --id "$id" "$@" --output-file "$folder/signature" </dev/tty
  fi
}

[ "$(member version)" = 1 ] || refuse 'this signer knows version 1 of the contract'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP

case $(member request) in
public-key)
  tool --read-object --type pubkey --id "$id" --output-file "$folder/public"
  # DER of a P-256 key, PEM of an Ed25519 key: OpenSC gives each in its way, openssl reads both.
  openssl pkey -pubin -in "$folder/public" -outform DER -out "$folder/der"
  printf '{"version":1,"publicKey":"%s"}\n' "$(openssl base64 -A -in "$folder/der")"
  ;;
sign)
  case $(member algorithm) in
  ed25519)
    member message | openssl base64 -d -A -out "$folder/input"
    sign --mechanism EDDSA --input-file "$folder/input"
    ;;
  ecdsa-p256-sha256) # r and s, 32 bytes each.
    member digest | openssl base64 -d -A -out "$folder/input"
    sign --mechanism ECDSA --signature-format rs --input-file "$folder/input"
    ;;
  *) refuse 'this signer knows Ed25519 and P-256' ;;
  esac
  printf '{"version":1,"signature":"%s"}\n' "$(openssl base64 -A -in "$folder/signature")"
  ;;
*) refuse 'this signer knows public-key and sign' ;;
esac
