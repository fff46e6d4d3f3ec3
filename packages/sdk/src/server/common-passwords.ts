/**
 * What is tried first, as every published count of leaked passwords shows it, in English and German, and the name of this
 * program. Only what long passwords are made of: `password-rules.ts` refuses short ones by their length, rows of keys and
 * repetitions by their form.
 */
export const COMMON_PASSWORDS: readonly string[] = `
000000 111111 112233 121212 123123 123321 123456 1234567890 131313 147258369 159753 55555 654321
666666 696969 777777 888888 987654321 aa123456 abc123 abcd1234 access action admin administrator
adobe123 alexander alpha amanda america andrea andrew angel angels anthony apple arsenal asdf asdfgh
asdfghjkl ashley austin babygirl bailey banana barcelona baseball basketball batman beautiful berlin
bigdog biteme blink182 bond007 brandon buster butterfly changeme charlie cheese chelsea chocolate
christian computer cookie corvette cowboy dallas daniel default diamond dolphin donald dragon eagle
einstein elephant email example familie family ferrari fishing flower football forever freedom
friends fuckyou galaxy geheim gemini geschäft george ginger google guest gunther hallo hallowelt
hammer hannah hannover harley heather hello hello123 helloworld herzblatt hockey hottie house hunter
ichliebedich iloveyou iloveu internet jackson james jasmine jennifer jessica jesus jordan joshua
justin katze kennwort killer kiss123 knight letmein liebe liverpool login london lovely loveme
maggie manager master matrix matthew maverick melanie mercedes merlin michael michelle mickey
microsoft minecraft monkey mother mustang mynoob naruto nathan nicole ninja nothing november october
office oliver orange pass password passwd passwort passw0rd patrick peanut pepper phoenix pokemon
princess private qazwsx qwerty qwertz ranger redroom robert rockyou ronaldo samantha samsung schalke
schatz schatzi scooter secret server service shadow silver sommer snoopy soccer sonnenschein spider
starwars summer sunshine superman taylor tennis test tester testtest thomas thunder tigger tinkle
trustno1 twitter user username vanessa victoria viking welcome whatever william willkommen winter
yamaha yankees zaq12wsx zxcvbn zxcvbnm
`
  .trim()
  .split(/\s+/);
