import type { Phrases } from './phrases.ts';

export const en: Phrases = {
  titles: ['Meet Me in {region}', 'Morning at {name}', '{name} Today', 'The {region} Breeze'],
  styles: {
    bright: ['warm acoustic pop, bright female vocal', 'sunny band pop, clear vocal'],
    calm: ['gentle piano ballad, soft male vocal', 'lazy lo-fi, soft vocal'],
  },
  arrival: [
    ['Turn up the song on the road to {region}', 'There is a light there, and that is the reason'],
    ['Down the last corner there is a light', '{region} is waiting to make it all right'],
    ['The {region} breeze is waving hello', 'There is nowhere else I would rather go'],
  ],
  themes: [
    {
      words: /\b(sea|seaside|ocean|beach|wave|harbou?r|coast|island)/i,
      couplets: [
        ['Open the window, the tide is in', 'A brand-new day is about to begin'],
        ['Salt on the breeze and sand on our shoes', 'Nothing to hurry for, nothing to lose'],
      ],
    },
    {
      words: /\b(mountain|forest|wood|hill|valley|lake|camp)/i,
      couplets: [
        ['Green are the hills and the morning is still', 'Birds in the branches are singing their fill'],
        ['Sunlight is falling through leaf after leaf', 'Here you can breathe, and the days are too brief'],
      ],
    },
    {
      words: /\b(bread|bak(e|ery|ing)|cake|dessert|pastr|cookie)/i,
      couplets: [
        ['Bread from the oven, golden and warm', 'Shelter and sweetness in any old storm'],
        ['One little bite and you are smiling again', 'Come for a minute and stay until ten'],
      ],
    },
    {
      words: /\b(coffee|caf[eé]|espresso|latte|tea)\b/i,
      couplets: [
        ['Coffee is pouring, slow as a dream', 'Mornings go better with sugar and cream'],
        ['Hold the warm cup and let the day start', 'Something is waking up close to your heart'],
      ],
    },
    {
      words: /\b(star|night|moon|rooftop|garden lights)/i,
      couplets: [
        ['Lie in the garden and count every star', 'They know your name and they know who you are'],
        ['Evening is falling in silver and blue', 'Stars on the rooftop are shining for you'],
      ],
    },
    {
      words: /\b(room|bed|guest ?house|hotel|stay|inn|rest|cottage|lodge)/i,
      couplets: [
        ['Windows as wide as the sky in the room', 'Sleep until noon, there is no need to zoom'],
        ['Pillows like clouds and a door that is wide', 'Leave all the noise of the world on outside'],
      ],
    },
    {
      words: /\b(food|kitchen|cook|dish|restaurant|noodle|grill|menu|taste|pizza|burger)/i,
      couplets: [
        ['Something is simmering, something is good', 'Cooked just the way that your grandmother would'],
        ['Pull up a chair, there is plenty to share', 'A table is laid with the greatest of care'],
      ],
    },
    {
      words: /\b(flower|garden|florist|bloom)/i,
      couplets: [['Open the door to a garden in bloom', 'Every last corner is sweet with perfume']],
    },
    {
      words: /\b(hair|nail|beauty|salon|spa|skin)/i,
      couplets: [['Look in the mirror, that smile is your own', 'Brighter than any that you have known']],
    },
    {
      words: /\b(dog|cat|pet|puppy)/i,
      couplets: [['Wagging a tail at the sound of your feet', 'The kindest of greetings you ever will meet']],
    },
    {
      words: /\b(family|children|kids|grandm|grandf|generation|since 1)/i,
      couplets: [['Hands that have kept it for many a year', 'Same open door and the same kind of cheer']],
    },
  ],
  verse: {
    bright: [
      ['Sunlight is painting gold on the wall', 'Happy are we with no plan at all'],
      ['Every kind face is one you know', 'Streets turn to stories wherever you go'],
      ['Laughter is drifting from next door', 'Stay for a moment, then a moment more'],
      ['Clap to the rhythm and sing to the sky', 'Days such as this one can never run dry'],
    ],
    calm: [
      ['Leave all your worries down at the gate', 'Nothing to run for and nothing is late'],
      ['Slow is the hour and soft is the light', 'Everything broken is turning out right'],
      ['Little things matter on days like this', 'Quiet and easy and light as a kiss'],
      ['Nobody asks you to hurry along', 'Only the evening is humming a song'],
    ],
  },
  chorus: [
    [
      ['Come to {name}, come rest a while', 'Here in {region} every road is a smile'],
      ['Stay for the morning, stay for the view', '{name} has a light on for you'],
    ],
    [
      ['{name}, you feel like home', '{region} is as far as I need to roam'],
      ['Hold on to this day, let it carry us through', 'At {name} the sky is blue'],
    ],
    [
      ['Oh, {name}, we are here to stay', '{region} is singing the blues away'],
      ['Bring all your friends and bring all your dreams', '{name} is better than ever it seems'],
    ],
  ],
  bridge: [
    ['When the world is too loud and too fast', 'Here is a place where the good hours last'],
    ['One little light on the way from afar', 'Tells me to come as you are'],
  ],
  outro: [
    ['We will be waiting in {region} for you', 'At {name} where the good days come true'],
    ['Good night, see you soon', '{name} is under the moon'],
  ],
};
